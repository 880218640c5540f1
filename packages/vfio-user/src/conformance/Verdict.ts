/** How a clause ends that did not pass: the server is wrong, or the clause says nothing of it. */
import { Data } from "effect"

/** The server did what no text allows. Both are one line. */
export class Broken extends Data.TaggedError("Broken")<{ readonly expected: string; readonly found: string }> {
  override get message(): string {
    return `expected ${this.expected}, found ${this.found}`
  }
}

/** The clause says nothing of this server. */
export class NotApplicable extends Data.TaggedError("NotApplicable")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

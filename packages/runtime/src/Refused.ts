/**
 * What refused appends take with them: an append that was decided on a refused one expects a stream behind the version of that one, and is refused
 * too (D2 of `JournalDriver.ts`).
 */
import type { AppendRequest } from "./JournalDriver.ts"
import { VersionConflict } from "./JournalError.ts"

export class Refused {
  /** The lowest version of a stream that a refused append was decided on. */
  private readonly versions = new Map<string, number>()

  add({ streams }: AppendRequest): void {
    for (const { expected, stream } of streams) {
      this.versions.set(stream, Math.min(this.versions.get(stream) ?? expected, expected))
    }
  }

  get isEmpty(): boolean {
    return this.versions.size === 0
  }

  /** Why an append is refused that was decided on a refused one; undefined for every other. */
  conflictOf({ streams }: AppendRequest): VersionConflict | undefined {
    for (const { expected, stream } of streams) {
      const actual = this.versions.get(stream)
      if (actual !== undefined && expected > actual) return new VersionConflict({ stream, expected, actual })
    }
    return undefined
  }
}

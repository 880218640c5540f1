/**
 * What refused appends take with them: an append that was decided on a refused one is refused too (D2 of `JournalDriver.ts`). It expects a stream
 * behind the version that the refused one expects; or it is of the same actor and touches other streams: then the order in which they came tells.
 */
import type { AppendRequest, ExpectedStream } from "./JournalDriver.ts"
import { VersionConflict } from "./JournalError.ts"

/** The own stream of the actor that decided an append: one append is of one actor. */
const actorOf = ({ owner, stream }: ExpectedStream): string => owner ?? stream

export class Refused {
  /** The lowest version of a stream that a refused append was decided on. */
  private readonly versions = new Map<string, number>()

  /** The first stream of a refused append, by its actor. */
  private readonly actors = new Map<string, string>()

  add({ streams }: AppendRequest): void {
    for (const each of streams) {
      const { expected, stream } = each
      this.versions.set(stream, Math.min(this.versions.get(stream) ?? expected, expected))
      if (!this.actors.has(actorOf(each))) this.actors.set(actorOf(each), stream)
    }
  }

  get isEmpty(): boolean {
    return this.versions.size === 0
  }

  /** Why an append is refused that was decided on a refused one, and came behind it; undefined for every other. */
  conflictOf({ streams }: AppendRequest): VersionConflict | undefined {
    if (this.isEmpty) return undefined
    for (const { expected, stream } of streams) {
      const actual = this.versions.get(stream)
      if (actual !== undefined && expected > actual) return new VersionConflict({ stream, expected, actual })
    }
    return streams.some(({ stream }) => this.versions.has(stream)) ? undefined : this.inOtherStreams(streams)
  }

  private inOtherStreams(streams: ReadonlyArray<ExpectedStream>): VersionConflict | undefined {
    const [first] = streams
    const stream = first && this.actors.get(actorOf(first))
    const actual = stream === undefined ? undefined : this.versions.get(stream)
    if (stream === undefined || actual === undefined) return undefined
    return new VersionConflict({ stream, expected: actual + 1, actual })
  }
}

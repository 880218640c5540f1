/**
 * Where an actor stands: the state that is in the journal, the one that is decided but still on its way there, and the versions that the
 * next decision is made on.
 */
import type { AppendRequest } from "./JournalDriver.ts"

export class Standing<State> {
  /** The state after the last turn that is in the journal: what others may see. */
  published: State
  /** The state after the last turn that was decided; `published` while nothing is on its way. */
  ahead: State
  /** Sequence of the last event in the journal. */
  sequence = 0
  /** Version of the actor's own stream after the last turn that was decided. */
  version = 0
  /** Versions of the streams it owns; none until it owns one. */
  private owned: Map<string, number> | undefined

  constructor(initial: State) {
    this.published = initial
    this.ahead = initial
  }

  /** Version of a stream of this actor, whose own is `own`. */
  versionOf(own: string, stream: string): number {
    return stream === own ? this.version : (this.owned?.get(stream) ?? 0)
  }

  setVersion(own: string, stream: string, version: number): void {
    if (stream === own) this.version = version
    else (this.owned ??= new Map()).set(stream, version)
  }

  /** Versions as they are once `request` is in the journal. */
  advance(own: string, { records, streams }: AppendRequest): void {
    for (const { count, stream } of records) {
      const name = streams[stream]?.stream ?? own
      this.setVersion(own, name, this.versionOf(own, name) + count)
    }
  }

  /** Every stream's version, for a snapshot. */
  versions(own: string): ReadonlyArray<readonly [string, number]> {
    return this.owned === undefined ? [[own, this.version]] : [[own, this.version], ...this.owned]
  }
}

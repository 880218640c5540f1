/**
 * Where an actor stands: the state that is in the journal, the one that is decided but still on its way there, the versions of both, and how
 * much came since a snapshot.
 */
import { lengthOf } from "./internal/utf8.ts"
import type { AppendRequest, DeferredAppend } from "./JournalDriver.ts"

/** Numbers of an actor's streams: its own, and those it owns, which may be many. */
class Numbers {
  own = 0
  private owned: Map<string, number> | undefined

  of(own: string, stream: string): number {
    return stream === own ? this.own : (this.owned?.get(stream) ?? 0)
  }

  set(own: string, stream: string, number: number): void {
    if (stream === own) this.own = number
    else (this.owned ??= new Map()).set(stream, number)
  }

  add(own: string, stream: string, count: number): void {
    this.set(own, stream, this.of(own, stream) + count)
  }

  /** Takes away what was added; a stream of which nothing is left is forgotten. */
  subtract(own: string, stream: string, count: number): void {
    this.add(own, stream, -count)
    if (stream !== own && this.owned?.get(stream) === 0) this.owned.delete(stream)
  }

  list(own: string): ReadonlyArray<readonly [string, number]> {
    return this.owned === undefined ? [[own, this.own]] : [[own, this.own], ...this.owned]
  }
}

export class Standing<State> {
  /** The state after the last turn that is in the journal: what others may see. */
  published: State
  /** The state after the last turn that was decided; `published` while nothing is on its way. */
  ahead: State
  /** Sequence of the last event in the journal. */
  sequence = 0
  /** Events in `published` since the snapshot or base event before it; since the first event without one. */
  events = 0
  /** Bytes of their payloads. */
  bytes = 0
  /** Versions of `ahead`. */
  private readonly decided = new Numbers()
  /** Of these, events that are still on their way. */
  private readonly underWay = new Numbers()

  constructor(initial: State) {
    this.published = initial
    this.ahead = initial
  }

  /** Version of the actor's own stream after the last turn that was decided. */
  get version(): number {
    return this.decided.own
  }

  /** Version of a stream of this actor, whose own is `own`, after the last turn that was decided. */
  versionOf(own: string, stream: string): number {
    return this.decided.of(own, stream)
  }

  /** A stream begins behind `version`: what is loaded stands for what is before. */
  begin(own: string, stream: string, version: number): void {
    this.decided.set(own, stream, version)
  }

  /** An event that was read has been applied to `ahead`. */
  read(own: string, stream: string, version: number, sequence: number, bytes: number): void {
    this.decided.set(own, stream, version)
    this.sequence = sequence
    this.events++
    this.bytes += bytes
  }

  /** All that was read is in the journal. */
  settle(): void {
    this.published = this.ahead
  }

  /** `request` was decided and leads to `next`. */
  advance(own: string, { records, streams }: AppendRequest, next: State): void {
    for (const { count, stream } of records) {
      const name = streams[stream]?.stream ?? own
      this.decided.add(own, name, count)
      this.underWay.add(own, name, count)
    }
    this.ahead = next
  }

  /** `request`, which leads to `next`, is in the journal; its last event is `sequence`. */
  publish(own: string, { records, streams }: AppendRequest, next: State, sequence: number): void {
    for (const { count, payload, stream } of records) {
      this.underWay.subtract(own, streams[stream]?.stream ?? own, count)
      this.events += count
      this.bytes += lengthOf(payload)
    }
    this.published = next
    this.sequence = sequence
  }

  /** As `advance` and `publish`, of an append that is in the journal and not encoded yet. Nothing is on its way meanwhile. */
  defer(own: string, { command, counts, streams }: DeferredAppend, next: State, sequence: number): void {
    for (let at = 0; at < streams.length; at++) {
      const [stream, count] = [streams[at]?.stream ?? own, counts[at] ?? 0]
      this.decided.add(own, stream, count)
      this.events += count
    }
    // Roughly: what a command leads to is as large as what it brings.
    this.bytes += lengthOf(command.bytes)
    this.ahead = next
    this.published = next
    this.sequence = sequence
  }

  /** `count` events of `bytes` bytes are on the actor's tape and lead to `next`. Nothing is on its way meanwhile. */
  tape(count: number, bytes: number, next: State): void {
    this.decided.own += count
    this.events += count
    this.bytes += bytes
    this.ahead = next
    this.published = next
  }

  /** The next snapshot is due as late as after one. */
  restartCount(): void {
    this.events = 0
    this.bytes = 0
  }

  /** Every stream's version in `published`, for a snapshot. */
  versions(own: string): ReadonlyArray<readonly [string, number]> {
    return this.decided.list(own).flatMap(([stream, version]) => {
      const published = version - this.underWay.of(own, stream)
      return published === 0 && stream !== own ? [] : [[stream, published] as const]
    })
  }
}

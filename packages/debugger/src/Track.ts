/**
 * The states of one actor after any of its events, at once: one is folded from the nearest checkpoint before it. States are immutable, so that a checkpoint
 * holds a state and no copy.
 */
import type { DecodeError, Envelope, ReadError } from "@stopcopy/runtime"
import { UnknownBehavior } from "@stopcopy/runtime"
import { Effect, Either, Predicate } from "effect"
import type { Actor } from "./Chronicle.ts"
import { diffJson } from "./Diff.ts"
import type { Change } from "./Diff.ts"
import { ActorFold } from "./internal/ActorFold.ts"
import { FieldFold } from "./internal/FieldFold.ts"
import { FieldTexts } from "./internal/FieldTexts.ts"
import type { Known } from "./Known.ts"
import { topField } from "./Path.ts"
import type { Source } from "./Source.ts"

/** Events from one checkpoint to the next: a state is folded from at most so many. */
export const checkpointEvents = 64

/** The state of an actor after one of its events. */
export interface Standing {
  /** Sequence of the last event that is in it; 0: it had none yet, and is in its initial state. */
  readonly sequence: number
  /** The decoded state. */
  readonly value: unknown
  /** The JSON value of each of its top-level fields, made when somebody looks at it. */
  readonly names: ReadonlyArray<string>
  readonly field: (name: string) => unknown
}

/** An event that gave a field another value. `undefined`: it was not there. */
export interface FieldSetting {
  readonly envelope: Envelope
  readonly old: unknown
  readonly new: unknown
}

export type Unknowable = DecodeError | UnknownBehavior

const partOf = (value: unknown, name: string): unknown => (Predicate.isRecord(value) ? value[name] : undefined)

export class Track {
  readonly actor: Actor
  /** Sequences of its events, ascending; those of streams that it owns included. */
  readonly sequences: Float64Array
  private readonly events: ReadonlyArray<Envelope>
  /** Before event `n * checkpointEvents`. */
  private readonly checkpoints: ReadonlyArray<ActorFold>
  private readonly verified: boolean
  private readonly texts = new FieldTexts()
  private latest: { readonly count: number; readonly fold: ActorFold } | undefined

  constructor(actor: Actor, first: ActorFold, events: ReadonlyArray<Envelope>, verified: boolean) {
    this.actor = actor
    this.events = events
    this.verified = verified
    this.sequences = Float64Array.from(events, ({ sequence }) => sequence)
    this.checkpoints = checkpointsOf(first, events, verified)
  }

  /** How many of its events are up to this sequence. */
  count(sequence: number): number {
    let [low, high] = [0, this.sequences.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.sequences[middle] ?? 0) <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The state after the last event up to `sequence`; the reason where it cannot be known. */
  at(sequence: number): Either.Either<Standing, Unknowable> {
    const fold = this.foldTo(this.count(sequence))
    return fold.blind === undefined ? Either.right(this.standing(fold)) : Either.left(fold.blind)
  }

  /**
   * The events up to `sequence` that gave `field` (as `formatPath` writes it) another value, the last one first. Between them `undefined`, after each stretch
   * that was looked through: who wants one answer may do something else meanwhile. Looks only where the top-level field changed.
   */
  *settings(field: string, sequence: number): Generator<FieldSetting | undefined, void> {
    const count = this.count(sequence)
    for (let index = Math.floor(Math.max(0, count - 1) / checkpointEvents); index >= 0; index--) {
      const end = Math.min(count, (index + 1) * checkpointEvents)
      if (!this.isSame(field, index, end)) yield* this.settingsWithin(field, index, end)
      yield undefined
    }
  }

  private foldTo(count: number): ActorFold {
    const { latest } = this
    if (latest?.count === count) return latest.fold
    const index = Math.floor(count / checkpointEvents)
    // Mostly somebody goes on by an event or few: from where they were, if that is nearer than the checkpoint.
    const isNearer = latest !== undefined && latest.count < count && latest.count >= index * checkpointEvents
    const start = isNearer ? latest.count : index * checkpointEvents
    const fold = (isNearer ? latest.fold : this.checkpoint(index)).fork()
    for (const event of this.events.slice(start, count)) fold.take(event, this.verified)
    this.latest = { count, fold }
    return fold
  }

  private checkpoint(index: number): ActorFold {
    const found = this.checkpoints[index] ?? this.checkpoints.at(-1)
    if (found === undefined) throw new Error("a track has a checkpoint before its first event")
    return found
  }

  private standing({ last, replaying }: ActorFold): Standing {
    const { value } = replaying.state()
    return {
      sequence: last,
      value,
      names: Predicate.isRecord(value) ? Object.keys(value).filter((name) => value[name] !== undefined) : [],
      field: (name) => this.texts.json(replaying, name, partOf(value, name))
    }
  }

  /** True if the top-level field that `field` is in is the very same at both ends of a stretch. */
  private isSame(field: string, index: number, end: number): boolean {
    const [before, after] = [this.checkpoint(index), this.checkpoints[index + 1]]
    if (after === undefined || end !== (index + 1) * checkpointEvents) return false
    if (before.blind !== undefined || after.blind !== undefined) return false
    const [one, other] = [before.replaying.state().value, after.replaying.state().value]
    const top = topField(one, field)
    return top !== undefined && Object.is(partOf(one, top.name), partOf(other, top.name))
  }

  private settingsWithin(field: string, index: number, end: number): ReadonlyArray<FieldSetting> {
    const fold = this.checkpoint(index).fork()
    const watched = new FieldFold(fold.replaying, field)
    const found: Array<FieldSetting> = []
    for (const envelope of this.events.slice(index * checkpointEvents, end)) {
      const old = watched.value
      fold.take(envelope, this.verified)
      if (fold.blind === undefined && watched.look()) found.push({ envelope, old, new: watched.value })
    }
    return found.reverse()
  }
}

const checkpointsOf = (
  first: ActorFold,
  events: ReadonlyArray<Envelope>,
  verified: boolean
): ReadonlyArray<ActorFold> => {
  const fold = first.fork()
  const checkpoints = [first]
  events.forEach((event, index) => {
    fold.take(event, verified)
    if ((index + 1) % checkpointEvents === 0) checkpoints.push(fold.fork())
  })
  return checkpoints
}

export interface TrackOptions {
  /** True if the hash chain of the source was checked: then events are not held up to their schemas again. Default: false. */
  readonly verified?: boolean
}

/** Reads the events of an actor once. Fails if its behavior is not known. */
export const loadTrack = Effect.fn("Debugger.loadTrack")(function* (
  { registry }: Known,
  source: Source,
  actor: Actor,
  { verified = false }: TrackOptions = {}
): Effect.fn.Return<Track, ReadError | UnknownBehavior> {
  const { behavior, stream } = actor
  const found = registry.get(behavior)
  if (found === undefined) return yield* new UnknownBehavior({ sequence: 0, stream, behavior })
  const cursor = yield* source.journal.history(stream)
  const events: Array<Envelope> = []
  for (let page = yield* cursor.next(); page.length > 0; page = yield* cursor.next()) events.push(...page)
  return new Track(actor, new ActorFold(stream, found), events, verified)
})

/** What differs between two states of one actor, field by field; undefined stands for one that cannot be known. */
export const diffStandings = (before: Standing | undefined, after: Standing | undefined): ReadonlyArray<Change> => {
  if (before === undefined || after === undefined) return []
  const names = new Set([...before.names, ...after.names])
  return [...names].flatMap((name): ReadonlyArray<Change> => {
    if (Object.is(partOf(before.value, name), partOf(after.value, name))) return []
    const [old, now] = [before.field(name), after.field(name)]
    if (!before.names.includes(name)) return [{ kind: "added", path: [name], new: now }]
    if (!after.names.includes(name)) return [{ kind: "removed", path: [name], old }]
    return diffJson(old, now).map((change) => ({ ...change, path: [name, ...change.path] }))
  })
}

/** The actors of a journal while it is checked: each folds its own events, decides its commands again, compares its states. */
import { encodings, eventsOf } from "@stopcopy/runtime"
import type { Envelope, Replay, SealedBatch, Snapshot, StoredCommand } from "@stopcopy/runtime"
import { Either } from "effect"
import { actorBehavior } from "../Batch.ts"
import type { Counts, Divergence } from "../CheckReport.ts"
import { diffJson } from "../Diff.ts"
import { parsedJson } from "../Json.ts"
import type { Known } from "../Known.ts"
import { rawText } from "../Moment.ts"
import { formatPath } from "../Path.ts"
import { ActorFold } from "./ActorFold.ts"
import { mismatch, shown } from "./Decision.ts"
import type { Mismatch } from "./Decision.ts"

/** An actor whose behavior is known. */
interface Checked {
  readonly behavior: Replay.Replayable
  readonly fold: ActorFold
}

/** Why nothing can be compared with an actor's state now. */
const blindReason = ({ fold }: Checked): string =>
  fold.blind?._tag === "RedactedEvent"
    ? "the state needs events that are redacted"
    : "the state needs events that are not kept here or cannot be read"

const versionReason = (what: string, version: number, current: number): string =>
  `${what} version ${version} of the behavior, this is version ${current}`

const actorStream = ({ owner, stream }: Envelope): string => owner ?? stream

const isPacked = ({ encoding }: Envelope): boolean => encoding === encodings.packed || encoding === encodings.timed

/** An entry of a run is decided by itself, and a base event was not decided. */
const isSelfTold = (event: Envelope): boolean => isPacked(event) || event.encoding === encodings.base

/** What makes a state's JSON another one than the fold's; undefined if they are the same. */
const stateDifference = (
  { fold }: Checked,
  text: string
): Pick<Divergence, "changes" | "expected" | "got"> | undefined => {
  const state = Either.try({ try: () => fold.replaying.state().json, catch: String })
  if (Either.isLeft(state)) return { expected: shown(state.left), got: shown(text), changes: [] }
  if (state.right === text) return undefined
  const stored = parsedJson(text)
  if (stored === undefined) return { expected: shown(state.right), got: shown(`no JSON: ${text}`), changes: [] }
  const changes = diffJson(parsedJson(state.right), stored)
  const [first] = changes
  if (first === undefined) return undefined
  const side = (value: unknown) => shown(`${formatPath(first.path)} = ${JSON.stringify(value) ?? "nothing"}`)
  return { expected: side(first.old), got: side(first.new), changes }
}

export class CheckedActors {
  private readonly known: Known
  private readonly counts: Counts
  private readonly whole: boolean
  /** By the actor's own stream; the behavior's name for an actor whose behavior is not known. */
  private readonly actors = new Map<string, Checked | string>()

  /** `whole`: no event is missing, so that the first one of an actor is its first. */
  constructor(known: Known, counts: Counts, whole: boolean) {
    this.whole = whole
    this.known = known
    this.counts = counts
  }

  /** Actors of a batch whose history may not begin, or go on, with it: it does from a base event, if there is one. */
  outOfSight({ records }: SealedBatch): ReadonlyArray<ActorFold> {
    const folds = new Set<ActorFold>()
    if (this.whole) return []
    for (const record of records) {
      const actor = this.actorOf(actorStream(record), records)
      if (typeof actor === "string" || record.encoding === encodings.base) continue
      if (actor.fold.last === 0 || !actor.fold.follows(record)) folds.add(actor.fold)
    }
    return [...folds]
  }

  /** Decides the batch again and takes its events in. */
  take(sealed: SealedBatch): Divergence | undefined {
    const { command, records } = sealed
    const events = records.flatMap((record) => eventsOf(record))
    const decided = command === null ? this.decideImplied(sealed, events) : this.decide(sealed, command, events)
    if (decided !== undefined) return decided
    for (const event of events) {
      const divergence = this.takeEvent(sealed, event)
      if (divergence !== undefined) return divergence
    }
    return undefined
  }

  /** Compares a snapshot with what the events up to now give. */
  snapshot(snapshot: Snapshot, batch: number): Divergence | undefined {
    const { behaviorVersion, sequence, state, stream } = snapshot
    const actor = this.actors.get(stream)
    const place = { kind: "snapshot", batch, sequence, actor: stream } as const
    if (typeof actor === "string") return this.skipUnknown("snapshots", actor)
    if (actor === undefined || actor.fold.last !== sequence) {
      const expected = actor === undefined ? "no event of this actor" : `its last event ${actor.fold.last}`
      return { ...place, expected, got: `a snapshot after event ${sequence}`, changes: [] }
    }
    const { blind, lastSchemaVersion } = actor.fold
    if (behaviorVersion < lastSchemaVersion) {
      const expected = `version ${lastSchemaVersion} of the behavior or later, as of the event`
      return { ...place, expected, got: `version ${behaviorVersion}`, changes: [] }
    }
    if (blind !== undefined) return this.counts.skip("snapshots", blindReason(actor))
    if (behaviorVersion !== actor.behavior.version) {
      return this.counts.skip("snapshots", versionReason("made by", behaviorVersion, actor.behavior.version))
    }
    const said = new Map(snapshot.versions)
    const other = actor.fold.otherVersion(said)
    if (other !== undefined) {
      const version = (of: ReadonlyMap<string, number>) => `${other} at version ${of.get(other) ?? 0}`
      return { ...place, expected: version(actor.fold.versions), got: version(said), changes: [] }
    }
    const difference = stateDifference(actor, textOf(state))
    if (difference === undefined) return this.counts.add("snapshots")
    return { ...place, ...difference }
  }

  private actorOf(stream: string, records: SealedBatch["records"]): Checked | string {
    const found = this.actors.get(stream)
    if (found !== undefined) return found
    const name = actorBehavior(stream, records)
    const behavior = this.known.registry.get(name)
    const made = behavior === undefined ? name : { behavior, fold: new ActorFold(stream, behavior) }
    this.actors.set(stream, made)
    return made
  }

  private skipUnknown(what: Parameters<Counts["skip"]>[0], behavior: string): undefined {
    this.counts.skip(what, `behavior ${behavior} is not registered here`)
  }

  /** Why the command, or the entry, of a behavior's version cannot be decided again now. */
  private undecidable(actor: Checked, version: number, first: Envelope | undefined): string | undefined {
    const { behavior, fold } = actor
    if (version !== behavior.version) return versionReason("sent to", version, behavior.version)
    const isGap = first?.stream === fold.stream && !fold.follows(first)
    return fold.blind !== undefined || isGap ? blindReason(actor) : undefined
  }

  private decide(sealed: SealedBatch, command: StoredCommand, events: ReadonlyArray<Envelope>): Divergence | undefined {
    const actor = this.actorOf(command.stream, sealed.records)
    if (typeof actor === "string") return this.skipUnknown("commands", actor)
    const reason =
      this.undecidable(actor, command.schemaVersion, events[0]) ?? (command.bytes === null ? "redacted" : undefined)
    if (reason !== undefined) return this.counts.skip("commands", reason)
    const divergence = this.held(sealed, actor, events, actor.fold.replaying.redecide(command))
    if (divergence === undefined) this.counts.add("commands")
    return divergence
  }

  /** Decides the command that the first event implies, if it does. */
  private decideImplied(sealed: SealedBatch, events: ReadonlyArray<Envelope>): Divergence | undefined {
    const [first] = events
    const actor = first === undefined || isSelfTold(first) ? "" : this.actorOf(actorStream(first), sealed.records)
    if (first === undefined || typeof actor === "string") return undefined
    const reason =
      this.undecidable(actor, first.schemaVersion, first) ?? (first.payload === null ? "redacted" : undefined)
    if (reason !== undefined) return this.counts.skip("commands", reason)
    const decided = actor.fold.replaying.redecideImplied(first)
    if (decided === undefined) return this.counts.skip("commands", "none is recorded with the events")
    const divergence = this.held(sealed, actor, events, decided)
    if (divergence === undefined) this.counts.add("commands")
    return divergence
  }

  /** What is stored against what deciding again gave, or why that failed. */
  private held(
    { batch, firstSequence }: SealedBatch,
    { behavior, fold }: Checked,
    events: ReadonlyArray<Envelope>,
    decided: ReturnType<Replay.Replaying["redecide"]>
  ): Divergence | undefined {
    const found: Mismatch | undefined = Either.match(decided, {
      onLeft: (got) => ({ stored: null, expected: `${events.length} stored events`, got, changes: [] }),
      onRight: (again) => mismatch(behavior, fold.stream, events, again)
    })
    if (found === undefined) return undefined
    const { changes, expected, got, stored } = found
    const sequence = stored?.sequence ?? firstSequence
    return { kind: "decision", batch, sequence, actor: fold.stream, expected, got, changes }
  }

  private takeEvent(sealed: SealedBatch, event: Envelope): Divergence | undefined {
    const actor = this.actorOf(actorStream(event), sealed.records)
    const alone = sealed.command === null
    if (typeof actor === "string") return alone ? this.skipUnknown(kindOf(event), actor) : undefined
    const before = alone ? this.compareAlone(sealed, actor, event) : undefined
    return before ?? this.apply(sealed, actor, event)
  }

  /** An event without a command beside it: a packed entry is decided again, a base event must be the state. */
  private compareAlone(sealed: SealedBatch, actor: Checked, event: Envelope): Divergence | undefined {
    if (actor.fold.isOwnBase(event)) return this.compareBase(sealed, actor, event)
    if (!isPacked(event)) return undefined
    const reason =
      this.undecidable(actor, event.schemaVersion, event) ?? (event.payload === null ? "redacted" : undefined)
    if (reason !== undefined) return this.counts.skip("entries", reason)
    const divergence = this.held(sealed, actor, [event], actor.fold.replaying.redecideEntry(event))
    if (divergence === undefined) this.counts.add("entries")
    return divergence
  }

  private compareBase({ batch }: SealedBatch, actor: Checked, event: Envelope): Divergence | undefined {
    const { behavior, fold } = actor
    const reason =
      event.payload === null
        ? "redacted"
        : event.schemaVersion !== behavior.version
          ? versionReason("made by", event.schemaVersion, behavior.version)
          : fold.blind !== undefined || !fold.follows(event)
            ? blindReason(actor)
            : undefined
    if (reason !== undefined) return this.counts.skip("base events", reason)
    const difference = stateDifference(actor, rawText(event))
    if (difference === undefined) return this.counts.add("bases")
    return { kind: "base", batch, sequence: event.sequence, actor: fold.stream, ...difference }
  }

  private apply({ batch }: SealedBatch, { behavior, fold }: Checked, event: Envelope): Divergence | undefined {
    const { encoding, schemaVersion, sequence, stream, type } = event
    const excused = schemaVersion > behavior.version || !knownEncodings.has(encoding) || !fold.follows(event)
    const applied = fold.take(event)
    if (Either.isRight(applied) || applied.left._tag === "RedactedEvent" || excused) return undefined
    const expected = `an event of ${behavior.name}`
    const got = shown(`${type} of ${stream}: ${applied.left.reason}`)
    return { kind: "event", batch, sequence, actor: fold.stream, expected, got, changes: [] }
  }
}

const knownEncodings: ReadonlySet<number> = new Set(Object.values(encodings))

const kindOf = (event: Envelope): "entries" | "base events" | "commands" =>
  isPacked(event) ? "entries" : event.encoding === encodings.base ? "base events" : "commands"

const textOf = (payload: Uint8Array): string => rawText({ encoding: encodings.json, payload })

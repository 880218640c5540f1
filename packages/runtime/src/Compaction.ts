/**
 * Retention: base events that stand for what came before them, and the removal of that. A base event holds the state of an actor (its JSON,
 * with the schema version of its behavior, so upcasters apply), and one more each of the streams that the actor owns.
 *
 * K1 `writeBases` changes no state: replaying from a base event gives what replaying from the beginning gave.
 * K2 Nothing is removed that a kept event needs: `Journal.removeBefore` refuses (`HistoryNeeded`) while a stream lacks its base event.
 * K3 The hash chain stays whole: it begins at the anchor, the batch of the first base event.
 *
 * To keep at least one period of full history, write base events at the end of each period and remove what is before those of the
 * period before.
 */
import { Effect, Option, Schedule } from "effect"
import { ActorSystem } from "./ActorSystem.ts"
import { ownCorrelation } from "./Correlation.ts"
import { baseType, encodings } from "./Envelope.ts"
import { toUtf8 } from "./internal/utf8.ts"
import { Journal } from "./Journal.ts"
import type { ExpectedStream, NewRecord, StreamInfo } from "./JournalDriver.ts"
import type {
  AppendError,
  DecodeError,
  MaintenanceError,
  NoSuchStream,
  ReadError,
  UnknownBehavior
} from "./JournalError.ts"
import { nowMicros } from "./Micros.ts"
import * as Replay from "./Replay.ts"

/** Times that the base events of one actor are tried, while other processes append to it. */
const baseAttempts = 16

type Problem = AppendError | ReadError | DecodeError | UnknownBehavior | NoSuchStream

/** The own stream of the actor that a stream belongs to. */
const ownerOf = ({ owner, stream }: StreamInfo): string => owner ?? stream

/** The base event of one stream, for the request that has it at `index`. */
const baseRecord = Effect.fnUntraced(function* (
  known: Replay.Registry,
  stream: string,
  index: number
): Effect.fn.Return<NewRecord & { readonly behavior: string }, Problem, Journal> {
  const past = yield* Replay.stateAt(known, stream)
  const schemaVersion = known.get(past.behavior)?.version ?? 0
  const { behavior } = past
  const payload = toUtf8(past.state.json)
  return { stream: index, type: baseType, schemaVersion, encoding: encodings.base, count: 1, payload, behavior }
})

/** Base events for the actor of `own` and for each stream it owns, in one batch. */
const writeFamily = Effect.fnUntraced(function* (
  known: Replay.Registry,
  own: string
): Effect.fn.Return<void, Problem, Journal> {
  const journal = yield* Journal
  const family = yield* journal.streams(own)
  const owned = family.filter(({ owner }) => owner !== null)
  const version = family.find(({ stream }) => stream === own)?.version ?? 0
  const records: Array<NewRecord> = []
  const streams: Array<ExpectedStream> = owned.map((info) => ({ ...info, expected: info.version }))
  // The actor's own comes last: whoever folds the whole actor begins with its state.
  for (const [index, { stream }] of owned.entries()) records.push(yield* baseRecord(known, stream, index))
  const last = yield* baseRecord(known, own, owned.length)
  streams.push({ stream: own, behavior: last.behavior, owner: null, expected: version })
  records.push(last)
  const time = yield* nowMicros
  yield* journal.append({
    durability: "written",
    time,
    correlation: ownCorrelation(own, version + 1),
    causation: null,
    command: null,
    streams,
    records
  })
})

/**
 * Writes a base event for every stream of the journal, *durably*. Gives the batch from which on nothing needs what is before. Actors of this
 * process go on from their base events. Fails, with those written so far kept, where a state cannot be computed; dies where it is outside its
 * schema, or has a number that JSON does not have: such a state could not be read back.
 */
export const writeBases = Effect.fn("Compaction.writeBases")(function* (
  known: Replay.Registry
): Effect.fn.Return<number, Problem, Journal> {
  const journal = yield* Journal
  const system = yield* Effect.serviceOption(ActorSystem)
  const { batch } = yield* journal.head()
  const owners = new Set((yield* journal.streams()).map(ownerOf))
  for (const own of owners) {
    const written = Effect.retry(writeFamily(known, own), {
      schedule: Schedule.recurs(baseAttempts - 1),
      while: ({ _tag }) => _tag === "VersionConflict"
    })
    yield* Option.isSome(system) ? system.value.between(own, written) : written
  }
  yield* journal.sync()
  return batch + 1
})

/** Replaces everything up to now by base events. */
export const compact = Effect.fn("Compaction.compact")(function* (
  known: Replay.Registry
): Effect.fn.Return<number, Problem | MaintenanceError, Journal> {
  const journal = yield* Journal
  const batch = yield* writeBases(known)
  yield* journal.removeBefore(batch)
  return batch
})

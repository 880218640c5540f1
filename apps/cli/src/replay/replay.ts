/** `stopcopy replay JOURNAL`: the timeline of a journal, and the state of an actor after any event. Reads only. */
import { FileSystem } from "@effect/platform/FileSystem"
import {
  type DecodeError,
  Journal,
  type JournalDamaged,
  type NoSuchStream,
  type ReadError,
  Replay,
  type UnknownBehavior,
  Verify
} from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Console, Effect, Option, Stream } from "effect"
import { createHash } from "node:crypto"
import { listed, plural } from "../Columns.ts"
import { withJournalTurns } from "../JournalTurns.ts"
import { misuse, Misuse, negative, type Negative } from "../Outcome.ts"
import { registry } from "./Registry.ts"
import { stateText } from "./StateText.ts"
import { momentJson, momentText, timeText } from "./TimelineText.ts"

interface ReplayOptions {
  readonly journal: string
  readonly stream: Option.Option<string>
  /** Sequence of the event after which the state is wanted. */
  readonly at: Option.Option<number>
  readonly json: boolean
}

/** Names of streams that a message lists, at most. */
const streamLimit = 20

const noStream = (stream: string, names: ReadonlyArray<string>): Misuse =>
  new Misuse({
    message: `there is no stream ${stream}; the journal has ${names.length === 0 ? "none" : listed(names, streamLimit)}`
  })

const streamNames = Effect.flatMap(Journal, (journal) =>
  Effect.map(journal.streams(), (streams) => streams.map(({ stream }) => stream))
)

/** Refuses a stream that the journal does not have. An actor whose events are all in owned streams is known by those. */
const checkStream = (stream: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    if ((yield* journal.streams(stream)).length > 0) return
    return yield* noStream(stream, yield* streamNames)
  })

const eventAt = (sequence: number) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const { sequence: last } = yield* journal.head()
    const first = journal.anchor.sequence
    if (sequence < first || sequence > last) {
      const range = last < first ? "the journal has no events" : `the journal has events ${first} to ${last}`
      return yield* new Misuse({ message: `there is no event ${sequence}: ${range}` })
    }
    const event = yield* Stream.runHead(journal.events(sequence - 1))
    return yield* Effect.mapError(event, () => new Misuse({ message: `event ${sequence} is not there any more` }))
  })

const showState = (options: ReplayOptions, at: number) =>
  Effect.gen(function* () {
    const event = yield* eventAt(at)
    const stream = Option.getOrElse(options.stream, () => event.owner ?? event.stream)
    yield* checkStream(stream)
    const past = yield* Replay.stateAt(registry, stream, at)
    const state: unknown = JSON.parse(past.state.json)
    if (options.json) return yield* Console.log(JSON.stringify({ ...past, at, state }, null, 2))
    const last = past.sequence === 0 ? "no event of it yet" : `its last event is ${past.sequence}`
    yield* Console.log(
      [`${stream} (${past.behavior}) after event ${at}, ${timeText(event.time)}; ${last}`, ...stateText(state)].join(
        "\n"
      )
    )
  })

/** Lines printed at once. */
const linesAtOnce = 256

const showTimeline = (options: ReplayOptions) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    if (Option.isSome(options.stream)) yield* checkStream(options.stream.value)
    const { sequence: last } = yield* journal.head()
    const names = yield* streamNames
    const widths = { sequence: String(last).length, stream: Math.max(0, ...names.map((name) => name.length)) }
    const filter = Option.match(options.stream, { onNone: () => ({}), onSome: (stream) => ({ stream }) })
    if (!options.json) {
      yield* Console.log(
        `${journal.name}: ${plural(last, "event")} in ${plural(names.length, "stream")}; times are UTC`
      )
    }
    yield* Replay.timeline(registry, filter).pipe(
      Stream.map((moment) => (options.json ? momentJson(moment) : momentText(moment, widths))),
      Stream.grouped(linesAtOnce),
      Stream.runForEach((lines) => Console.log([...lines].join("\n")))
    )
  })

type Problem = Misuse | NoSuchStream | UnknownBehavior | DecodeError | ReadError

const show = (options: ReplayOptions): Effect.Effect<void, Problem, Journal> =>
  Option.isSome(options.at) ? showState(options, options.at.value) : showTimeline(options)

const sha256 = (bytes: Uint8Array | string): Uint8Array => createHash("sha256").update(bytes).digest()

/** The first damage of the journal; none if its hash chain is whole. */
const damageOf = Verify.verify(sha256).pipe(
  Effect.as(Option.none<JournalDamaged>()),
  Effect.catchTag("JournalDamaged", (damage) => Effect.succeed(Option.some(damage)))
)

/** Shows what can be shown of a damaged journal too, then fails with its damage: that is why anything else failed. */
const showAndVerify = (options: ReplayOptions): Effect.Effect<void, Problem, Journal> =>
  Effect.flatMap(damageOf, (damage) =>
    Option.match(damage, {
      onNone: () => show(options),
      onSome: (damaged) =>
        Effect.matchEffect(show(options), {
          onFailure: (error) => Effect.fail(error._tag === "Misuse" ? error : damaged),
          onSuccess: () => Effect.fail(damaged)
        })
    })
  )

/** SQLite calls a folder an I/O error; an empty path would name nothing in its message. */
const refusePath = (path: string): Effect.Effect<void, Misuse, FileSystem> =>
  Effect.gen(function* () {
    if (path === "") return yield* new Misuse({ message: "there is no journal at '': give the path of a journal file" })
    const files = yield* FileSystem
    const found = yield* Effect.option(files.stat(path))
    if (Option.isSome(found) && found.value.type === "Directory") {
      return yield* new Misuse({ message: `${path} is a directory: name the journal file in it` })
    }
  })

/** Prints the timeline, or with `at` the state of an actor. */
export const replay = (options: ReplayOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  withJournalTurns(showAndVerify(options)).pipe(
    Effect.catchTags({
      JournalUnavailable: (error) => negative(error),
      JournalDamaged: (error) => negative(error),
      UndecodableEvent: (error) => negative(error),
      RedactedEvent: (error) => negative(error),
      UnknownBehavior: (error) => misuse(error),
      NoSuchStream: (error) => misuse(error)
    }),
    Effect.provide(layerSqlite({ file: options.journal, readOnly: true })),
    // Opening may find damage too, where the file has been cut off.
    Effect.mapError((error) => {
      if (error._tag === "Negative" || error._tag === "Misuse") return error
      return error._tag === "JournalDamaged" ? negative(error) : misuse(error)
    }),
    (reading) => Effect.zipRight(refusePath(options.journal), reading)
  )

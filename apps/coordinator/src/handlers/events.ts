/** The stream of events: what the journal takes, as server-sent events, each once and in order, from any position on. */
import { HttpApiBuilder, HttpServerResponse } from "@effect/platform"
import {
  CoordinatorApi,
  type EventFilter,
  InvalidRequest,
  isOfMigration,
  lastEventHeader,
  messages,
  TooManyRequests
} from "@stopcopy/coordinator-api"
import { encodings, type Envelope, Journal } from "@stopcopy/runtime"
import { Effect, Option, Schedule, Stream } from "effect"
import { Closing } from "../http/Closing.ts"
import { journalUnavailable } from "../requests/once.ts"

/** Streams at once: each console and each watching command has one. */
const streamLimit = 64
/** How often a stream says where it is when nothing else is said. */
const positionEvery = "15 seconds"

const text = new TextDecoder()
const quoted = JSON.stringify

const payloadOf = ({ encoding, payload }: Envelope): string =>
  payload === null || encoding !== encodings.json ? "null" : text.decode(payload)

const message = (id: number, event: string, data: string): string => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`

/** The payload goes out as it is stored: it is JSON. */
const eventText = (envelope: Envelope): string => {
  const { causation, correlation, sequence, stream, time, type } = envelope
  const data =
    `{"sequence":${sequence},"stream":${quoted(stream)},"type":${quoted(type)},"time":${time},` +
    `"correlation":${quoted(correlation)},"causation":${quoted(causation)},"payload":${payloadOf(envelope)}}`
  return message(sequence, messages.event, data)
}

const wrongPosition = (after: number, rule: string, remedy: string): InvalidRequest =>
  new InvalidRequest({ code: "events.position", message: `position ${after}: ${rule}; ${remedy}`, refusals: [] })

/** Where the stream begins, or why it cannot begin there. */
const beginning = (
  journal: Journal["Type"],
  asked: number | undefined
): Effect.Effect<number, InvalidRequest | ReturnType<typeof journalUnavailable>> =>
  Effect.flatMap(Effect.mapError(journal.head(), journalUnavailable), ({ sequence }) => {
    const after = asked ?? sequence
    if (after > sequence) {
      return Effect.fail(
        wrongPosition(after, `the last event is ${sequence}`, "is this another coordinator? begin without a position")
      )
    }
    const first = journal.anchor.sequence
    return after < first - 1
      ? Effect.fail(wrongPosition(after, `what is before ${first} was removed`, `begin after ${first - 1}`))
      : Effect.succeed(after)
  })

type Piece = Envelope | "tick"

/**
 * The text of a stream. Where it is counts also what was not asked for: who comes back is not given it again. Ticks and events are one stream before
 * positions are told, so that none runs ahead of an event.
 */
const texts = (journal: Journal["Type"], { follow, migration }: EventFilter, after: number) => {
  let position = after
  const wanted = (piece: Envelope): boolean => migration === undefined || isOfMigration(piece, migration)
  const told = (piece: Piece): Option.Option<string> => {
    if (piece === "tick") return Option.some(message(position, messages.position, "{}"))
    position = piece.sequence
    return wanted(piece) ? Option.some(eventText(piece)) : Option.none()
  }
  const ticks = Stream.as(Stream.fromSchedule(Schedule.spaced(positionEvery)), "tick" as const)
  const pieces: Stream.Stream<Piece, unknown> = follow
    ? Stream.merge(journal.live(after), ticks)
    : Stream.concat(journal.events(after), Stream.succeed("tick" as const))
  return Stream.concat(Stream.succeed("tick" as const), pieces).pipe(Stream.filterMap(told))
}

const headers = { "cache-control": "no-store", "x-accel-buffering": "no" }

export const eventHandlers = HttpApiBuilder.group(CoordinatorApi, "events", (handlers) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const closing = yield* Closing
    let open = 0
    const count = (by: number) =>
      Effect.sync(() => {
        open += by
      })
    const counted = Effect.acquireRelease(count(1), () => count(-1))
    const tooMany = new TooManyRequests({
      code: "events.streams",
      message: `${streamLimit} streams of events are open, which is as many as there may be; close one, or try again later`,
      refusals: []
    })
    return handlers.handleRaw("follow", ({ headers: sent, urlParams }) =>
      Effect.gen(function* () {
        const after = yield* beginning(journal, sent[lastEventHeader] ?? urlParams.after)
        if (open >= streamLimit) return yield* tooMany
        const body = Stream.unwrapScoped(Effect.as(counted, texts(journal, urlParams, after))).pipe(
          Stream.tapErrorCause((cause) =>
            Effect.logWarning("a stream of events ends: the journal cannot be read", cause)
          ),
          Stream.interruptWhen(closing.begun),
          Stream.encodeText
        )
        return HttpServerResponse.stream(body, { contentType: "text/event-stream", headers })
      })
    )
  })
)

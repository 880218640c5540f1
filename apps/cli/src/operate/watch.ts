/** `stopcopy watch [ID]`: a migration or an evacuation until it ends; without an id everything that happens, event by event. */
import { Event } from "@stopcopy/coordinator-api"
import { Effect, Option, Stream } from "effect"
import { Misuse, type Outcome } from "../Outcome.ts"
import { payloadText } from "../replay/Payload.ts"
import { clockText } from "../replay/TimelineText.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"
import * as Evacuations from "./followEvacuation.ts"
import * as Migrations from "./followMigration.ts"
import { ending, followEvents, hasEnded, showEvents } from "./followEvents.ts"
import { find } from "./Found.ts"

export interface WatchOptions extends OperateOptions {
  readonly id: Option.Option<string>
  /** Events of the migration, not its progress. */
  readonly events: boolean
  /** The sequence after which to begin. */
  readonly after: Option.Option<string>
  /** Ends with the last event that there is. */
  readonly noFollow: boolean
}

/** Widths of columns, in characters; what is longer pushes the rest. */
const widths = { sequence: 7, stream: 22, type: 22 } as const

const eventText = ({ payload, sequence, stream, time, type }: Event): string =>
  [
    String(sequence).padStart(widths.sequence),
    clockText(time),
    stream.padEnd(widths.stream),
    type.padEnd(widths.type),
    payload === null ? "" : payloadText(payload)
  ]
    .join("  ")
    .trimEnd()

const sequenceOf = (given: Option.Option<string>) =>
  Effect.transposeMapOption(given, (text) =>
    /^\d{1,15}$/.test(text)
      ? Effect.succeed(Number(text))
      : new Misuse({ message: `--after '${text}' is no sequence: write that of the last event that was seen` })
  )

const show = (json: boolean) => (event: Event) => print(json, Event, event, (one) => [eventText(one)])

const watchEvents = ({ after, json, noFollow }: WatchOptions) =>
  Effect.gen(function* () {
    const { client, events } = yield* Coordinator
    const from = Option.getOrUndefined(yield* sequenceOf(after))
    const filter = { ...(from === undefined ? {} : { after: from }), follow: !noFollow }
    // Events of a coordinator that is away are waited for; whether it is there at all is found out by a question.
    yield* client.migrations.list({ urlParams: { limit: 1 } })
    yield* Stream.runForEach(events(filter), show(json))
  })

/** Until it ends, and as it does. Of what has ended: every event, unless it is said where to begin. */
const watchEventsOf = (id: string, options: WatchOptions) =>
  Effect.gen(function* () {
    const { json, noFollow } = options
    const from = Option.getOrUndefined(yield* sequenceOf(options.after))
    const found = yield* find(id)
    const after = from ?? (hasEnded(found) || noFollow ? 0 : undefined)
    const following = { id, after, show: show(json) }
    if (noFollow) return yield* showEvents(following)
    yield* ending(yield* followEvents(found, following))
  })

const watchOne = (id: string, json: boolean) =>
  Effect.gen(function* () {
    const found = yield* find(id)
    if (found._tag === "Evacuation") {
      return yield* Evacuations.ending(yield* Evacuations.followEvacuation(found.evacuation, { json, changes: true }))
    }
    const ended = yield* Migrations.followMigration(found.migration, { json, untilDoubt: false, changes: true })
    yield* Migrations.ending(ended)
  })

/** Ends with what it watches, and as that ended. */
export const watch = (options: WatchOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.suspend(() => {
      const { after, events, id, json, noFollow } = options
      if (Option.isNone(id)) return watchEvents(options)
      return events || noFollow || Option.isSome(after) ? watchEventsOf(id.value, options) : watchOne(id.value, json)
    })
  )

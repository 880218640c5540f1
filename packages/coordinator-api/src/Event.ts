/** Events of the coordinator's journal as they are sent: everything that happens, in order, each with its sequence. */
import { Schema } from "effect"
import { MigrationId, optional, strict } from "./Values.ts"

const sequence = "a sequence is a whole number, 0 or more: that of the last event that was seen"

/** The position of an event in the journal; 0 is before the first. */
export const Sequence = Schema.NumberFromString.pipe(
  Schema.int({ message: () => sequence }),
  Schema.nonNegative({ message: () => sequence })
)

/** What is to be followed. The header `Last-Event-ID` goes before `after`: that is how a browser resumes. */
export const EventFilter = Schema.Struct({
  /** The sequence after which to begin. Left out: with what happens from now on. */
  after: optional(Sequence),
  /** Only what belongs to this migration. */
  migration: optional(MigrationId),
  /** `false`: ends with the last event that there is. */
  follow: Schema.optionalWith(Schema.BooleanFromString, { default: () => true })
}).annotations(strict)
export type EventFilter = typeof EventFilter.Type

/** One event, as the `data` of a message whose `id` is the sequence and whose `event` is `event`. */
export const Event = Schema.Struct({
  sequence: Schema.Int,
  /** `migration/ID`, `fleet/fleet` ... */
  stream: Schema.String,
  type: Schema.String,
  /** Microseconds since 1970. */
  time: Schema.Int,
  /** What it belongs to: the id of a migration, for what belongs to one. */
  correlation: Schema.String,
  /** The sequence of the event that led to it. */
  causation: Schema.NullOr(Schema.String),
  /** Null: it was redacted, or is no JSON. */
  payload: Schema.Unknown
}).annotations({ identifier: "Event" })
export type Event = typeof Event.Type

/** Whether an event belongs to a migration: to its first attempt, or to a later one, which has a number behind the id. */
export const isOfMigration = ({ correlation }: Pick<Event, "correlation">, migration: string): boolean =>
  correlation === migration ||
  (correlation.startsWith(`${migration}.`) && /^\d+$/.test(correlation.slice(migration.length + 1)))

/** The names of the messages of the stream. */
export const messages = {
  /** One event. */
  event: "event",
  /** Nothing happened, or nothing that was asked for: `id` is where the stream is now. */
  position: "position"
} as const

/**
 * Deciding commands again that stand in a journal for the events they led to, when their process has died. Source:
 * `docs/decisions/0011-commands-stand-for-their-events.md`.
 */
import type { Context } from "effect"
import { Effect, Either } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import { codecOf } from "./Codec.ts"
import { concluded } from "./Decide.ts"
import { deferredOf } from "./Deferred.ts"
import type { BatchContext } from "./Envelope.ts"
import type { Journal } from "./Journal.ts"
import type { DeferredAppend } from "./JournalDriver.ts"
import type { DecodeError, ReadError } from "./JournalError.ts"
import { restore } from "./Restore.ts"

/** A command as it was written. */
interface WrittenCommand {
  readonly schemaVersion: number
  readonly bytes: Uint8Array
}

/** What a command leads to now. */
interface Repeated {
  readonly append: DeferredAppend
  /** The append is in the journal; `sequence` is its last event's. */
  readonly took: (sequence: number) => void
}

/** An actor that decides again. */
export interface Revived {
  /** What the command leads to where the actor stands; the reason where it leads to nothing that could have been written. */
  readonly decide: (command: WrittenCommand, context: BatchContext) => Either.Either<Repeated, string>
}

/** The rules of one behavior, for whoever opens a journal without knowing its types. */
export interface Decider {
  /** Name of the behavior. */
  readonly behavior: string
  /** The actor of `stream` as the journal has it now. */
  readonly revive: (
    journal: Context.Tag.Service<Journal>,
    stream: string
  ) => Effect.Effect<Revived, ReadError | DecodeError>
}

/** The decider of a behavior, to be named to a journal that lets commands stand for their events (`deciders` of `layerSqlite`). */
export const deciderOf = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): Decider => ({
  behavior: behavior.name,
  revive: (journal, stream) => {
    const source = { behavior, codec: codecOf(behavior), journal }
    return Effect.map(restore(source, stream), (standing) => ({
      decide: (command, context) =>
        Either.flatMap(source.codec.decodeCommand({ ...command, stream, hash: null }), (decoded) => {
          const { events, state } = concluded(behavior, standing.ahead, decoded)
          const append =
            events.length === 0 ? undefined : deferredOf(source, stream, standing, decoded, events, context)
          if (append === undefined) return Either.left("it leads to nothing that could have been written")
          const took = (sequence: number): void => standing.defer(stream, append, state, sequence)
          return Either.right({ append, took })
        })
    }))
  }
})

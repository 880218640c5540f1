/** Writes what happens on a wire into its actor, in the middle of a callback: a turn that is *written* is done when it returns. */
import { type Actor, type JournalError, withCausation, withCorrelation } from "@stopcopy/runtime"
import { Cause, Exit, Effect, Option, Runtime } from "effect"
import type { WireCommand } from "./WireCommand.ts"
import type { WireState } from "./WireState.ts"

export type WireActor = Actor<WireState, WireCommand, void, never>

export class Recorder {
  private readonly actor: WireActor
  private readonly runtime: Runtime.Runtime<never>
  private readonly failed: (reason: string) => void

  /** `failed` is told why something could not be recorded. */
  constructor(actor: WireActor, runtime: Runtime.Runtime<never>, failed: (reason: string) => void) {
    this.actor = actor
    this.runtime = runtime
    this.failed = failed
  }

  /** Connections that were recorded up to now. */
  get connections(): number {
    return this.actor.unsafeState().connections
  }

  /**
   * Records one thing that an earlier event led to (0: none). Gives the sequence of its event; undefined: it is not recorded, and nothing of it may go
   * on.
   */
  tell(command: WireCommand, cause: number): number | undefined {
    const asked = this.actor.ask(command).pipe(withCorrelation(`${this.actor.stream}#${command.connection}`))
    const exit = Runtime.runSyncExit(this.runtime)(cause === 0 ? asked : withCausation(cause)(asked))
    if (Exit.isSuccess(exit)) return this.actor.unsafePosition()
    this.failed(reasonOf(exit.cause))
    return undefined
  }
}

const reasonOf = (cause: Cause.Cause<JournalError>): string =>
  Option.match(Cause.failureOption(cause), { onNone: () => Cause.pretty(cause), onSome: ({ message }) => message })

/** The actor of a wire whose journal takes what it is told. */
export const ready = (actor: WireActor): Effect.Effect<WireActor, JournalError> => Effect.as(actor.state, actor)

/**
 * One turn of a VF while it is being decided: events are collected, and each is applied at once, so that the next step sees
 * its effect. Lives inside one call of `decide`; nothing of it leaves but the events and the answer.
 */
import type { Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import type { Either } from "effect"
import { Draft } from "./Draft.ts"
import { fromErrno } from "./Failure.ts"
import * as MigrationFile from "./MigrationFile.ts"
import { evolveIn } from "./VfEvolve.ts"
import type { DirtyPage } from "./VfDevice.ts"
import type { VfEvent } from "./VfEvent.ts"
import type { Vf } from "./VfState.ts"

/** What a VF's command gives back. */
export type VfAnswer =
  | { readonly _tag: "Done" }
  /** A walk that has begun or gone on; how it ended stands in the state under this id. */
  | { readonly _tag: "Operation"; readonly id: number }
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  | { readonly _tag: "Count"; readonly count: number }
  /** What the engine reported is out of date: the bank was reset, or configured anew. Nothing has changed. */
  | { readonly _tag: "Stale" }
  /** Pages that were written, in order. */
  | { readonly _tag: "Pages"; readonly pages: ReadonlyArray<DirtyPage> }

export type VfDecision = Behavior.Decision<VfEvent, VfAnswer, Errno>

export interface Turn {
  /** The VF after the events so far. The next one may change it in place: read from it again what is needed afterwards. */
  state: Vf
  readonly events: Array<VfEvent>
  readonly draft: Draft
}

export const begin = (state: Vf): Turn => ({ state, events: [], draft: new Draft() })

/** Records a fact and applies it. */
export const emit = (turn: Turn, event: VfEvent): void => {
  turn.events.push(event)
  turn.state = evolveIn(turn.draft, turn.state, event)
}

export const accept = (turn: Turn, answer: VfAnswer): VfDecision => Behavior.accept(turn.events, answer)
export const done = (turn: Turn): VfDecision => accept(turn, { _tag: "Done" })

/** Refuses with a record of it. What the turn did before stands. */
export const refuse = (turn: Turn, operation: string, error: Errno): VfDecision => {
  emit(turn, { _tag: "Refused", operation, failure: fromErrno(error) })
  return Behavior.refuse(turn.events, error)
}

/** Lets a file decide in this turn; its events become the turn's. A file that nobody holds is closed. */
export const askFile = (turn: Turn, command: MigrationFile.Command): Either.Either<MigrationFile.Answer, Errno> => {
  const state = turn.state.files[`${command.file}`] ?? MigrationFile.initial
  const decision = MigrationFile.decide(state, command)
  for (const event of decision.events) emit(turn, event)
  return decision.answer
}

/** Ends both sessions: their files answer `ENODEV` from now on. */
export const endSessions = (turn: Turn): void => {
  const { saving, resuming } = turn.state
  if (saving === null && resuming === null) return
  for (const file of [saving, resuming]) if (file !== null) askFile(turn, { _tag: "Disable", file })
  emit(turn, { _tag: "SessionsEnded" })
}

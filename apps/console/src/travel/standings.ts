/** What components ask of the states at a moment, in one place: of one actor, and what the event before it changed. */
import { type Change, diffStandings, type Standing } from "@stopcopy/debugger"
import { Either, Predicate } from "effect"
import { type Journey, standingAt } from "./Journey.ts"

/** The state of an actor at a moment, with what its last event changed. */
export interface Now {
  readonly standing: Either.Either<Standing, string>
  readonly changes: ReadonlyArray<Change>
}

/** The one before first: going on by one event costs one event. */
export const nowOf = (journey: Journey, actor: number, place: number): Now => {
  const isOwn = journey.chronicle.actorOf[place] === actor
  const before = isOwn ? standingAt(journey, actor, place - 1) : undefined
  const standing = standingAt(journey, actor, place)
  if (before === undefined) return { standing, changes: [] }
  return { standing, changes: diffStandings(Either.getOrUndefined(before), Either.getOrUndefined(standing)) }
}

/** The field of a state that says most in a word, by behavior. */
const telling: Readonly<Record<string, string>> = {
  vf: "migrationState",
  migration: "phase",
  epoch: "standing",
  supervision: "status"
}

/** A word on the state of an actor; empty where none says it. */
export const wordOf = (behavior: string, { value }: Standing): string => {
  const field = telling[behavior]
  const word = field === undefined || !Predicate.isRecord(value) ? undefined : value[field]
  return typeof word === "string" ? word : ""
}

/**
 * Which events are failures. One rule for every behavior, by the habits of this project's events; a behavior that needs
 * another one has it in `Known.failures`.
 *
 * F1 Its type ends in `Refused`, `Failed` or `TimedOut`, or is `ErrorNotified` or `ActorStopped`.
 * F2 It has a field `failure` that is an object with a `name` and an `errno`.
 * F3 It has a field `errno` above 0.
 */
import { Predicate } from "effect"

/** What failed, as far as the event says. */
export interface Failure {
  /** Name of the error (`EBUSY`), or the event's type where it names none. */
  readonly name: string
  /** Linux number, positive; null where the event gives none. */
  readonly errno: number | null
}

/** What an event of this type and payload (parsed JSON) says about a failure; undefined if it is none. */
export type FailureRule = (type: string, json: unknown) => Failure | undefined

const typeRule = /(Refused|Failed|TimedOut)$|^(ErrorNotified|ActorStopped)$/

/** True if the type alone says that it is one (F1). */
export const isFailureType = (type: string): boolean => typeRule.test(type)

const errnoOf = (json: unknown): number | null =>
  Predicate.isRecord(json) && typeof json["errno"] === "number" && json["errno"] > 0 ? json["errno"] : null

const namedFailure = (json: unknown): Failure | undefined => {
  const failure = Predicate.isRecord(json) ? json["failure"] : undefined
  if (!Predicate.isRecord(failure) || typeof failure["name"] !== "string") return undefined
  return typeof failure["errno"] === "number" ? { name: failure["name"], errno: failure["errno"] } : undefined
}

/** The rule for every behavior without one of its own. */
export const failureOf: FailureRule = (type, json) => {
  const named = namedFailure(json)
  if (named !== undefined) return named
  const errno = errnoOf(json)
  return errno !== null || isFailureType(type) ? { name: type, errno } : undefined
}

/** JSON values as data: parsed without exceptions, compared by content. The order of an object's keys says nothing. */
import { Either, Predicate } from "effect"

/** The value of a JSON text; undefined where it is none. */
export const parsedJson = (text: string): unknown => Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))

/** True if both JSON values are the same, whatever the order of keys. */
export const sameJson = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right)) return true
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]))
  }
  if (!Predicate.isRecord(left) || !Predicate.isRecord(right)) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]))
  )
}

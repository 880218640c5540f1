/** Structural equality for the test kit: plain data, arrays, bytes, maps, sets, dates, and Effect's data types by their fields. */
import { HashMap } from "effect"

const sameBytes = (left: ArrayBufferView, right: ArrayBufferView): boolean => {
  const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const [one, other] = [bytes(left), bytes(right)]
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index])
}

const sameMembers = (left: ReadonlyArray<unknown>, right: ReadonlyArray<unknown>): boolean =>
  left.length === right.length && left.every((member, index) => sameValue(member, right[index]))

/** Own enumerable fields that have a value: a field that is undefined says the same as one that is not there. */
const fieldsOf = (value: object): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(value).filter(([, field]) => field !== undefined))

const sameFields = (left: object, right: object): boolean => {
  const [one, other] = [fieldsOf(left), fieldsOf(right)]
  if (one.size !== other.size) return false
  for (const [name, field] of one) {
    if (!other.has(name) || !sameValue(field, other.get(name))) return false
  }
  return true
}

const sameObject = (left: object, right: object): boolean => {
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false
  if (ArrayBuffer.isView(left) && ArrayBuffer.isView(right)) return sameBytes(left, right)
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime()
  if (left instanceof Map && right instanceof Map) return sameMembers([...left], [...right])
  if (HashMap.isHashMap(left) && HashMap.isHashMap(right)) return sameMembers([...left], [...right])
  if (left instanceof Set && right instanceof Set) return sameMembers([...left], [...right])
  if (Array.isArray(left) && Array.isArray(right)) return sameMembers(left, right)
  return sameFields(left, right)
}

/** True if both are the same data. Maps and sets are compared in the order that they give: a codec that loses it changes what a fold sees. */
export const sameValue = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right)) return true
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false
  return sameObject(left, right)
}

/** A value in one line, for people. */
export const show = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === "bigint") return `${field}n`
    if (ArrayBuffer.isView(field)) return `${field.constructor.name}(${field.byteLength} bytes)`
    if (field instanceof Map || field instanceof Set) return [...field]
    return field
  }) ?? "undefined"

/** Every errno against the table of the platform's own C library, and the reason that travels with it. */
import { assert, it } from "@effect/vitest"
import { Errno, EINVAL, ENODEV, fromNumber, numbers } from "@stopcopy/errno"
import { Either, Option, Schema } from "effect"
import { constants } from "node:os"
import { getSystemErrorMap } from "node:util"

const refusal = {
  code: "mstate.gencap.superset",
  rule: "the destination must have every capability of the source",
  where: "CONFIG/gencap",
  source: "0x3",
  destination: "0x1",
  remedy: "choose a PF that has bit 1"
}

it("every class carries the number that the platform gives its name", () => {
  const platform: Record<string, number> = constants.errno
  for (const number of numbers) {
    const error = Option.getOrThrow(fromNumber(number))
    assert.strictEqual(error.errno, number)
    assert.strictEqual(platform[error._tag], number, error._tag)
    assert.strictEqual(getSystemErrorMap().get(-number)?.[0] ?? error._tag, error._tag)
  }
})

it("numbers are ascending and without gaps in the lookup", () => {
  assert.deepStrictEqual(
    [...numbers].sort((left, right) => left - right),
    numbers
  )
  assert.strictEqual(new Set(numbers).size, numbers.length)
})

it("a number the project does not use is none", () => {
  for (const number of [0, -22, 22.5, 9999, Number.NaN]) assert.isTrue(Option.isNone(fromNumber(number)))
})

it("the message is strerror alone, or strerror and the reason", () => {
  assert.strictEqual(new ENODEV({}).message, "No such device")
  assert.strictEqual(
    new EINVAL({ refusal }).message,
    "Invalid argument: CONFIG/gencap: the destination must have every capability of the source " +
      "(source 0x3, destination 0x1); choose a PF that has bit 1 [mstate.gencap.superset]"
  )
})

it("an error with its refusal survives the schema", () => {
  const encoded = Schema.encodeSync(Errno)(new EINVAL({ refusal }))
  assert.deepStrictEqual(encoded, { _tag: "EINVAL", refusal })
  const decoded = Schema.decodeUnknownEither(Errno)(JSON.parse(JSON.stringify(encoded)))
  assert.include(Either.getOrThrow(decoded), { _tag: "EINVAL", errno: 22 })
  assert.deepStrictEqual(Either.getOrThrow(decoded).refusal, refusal)
})

it("fromNumber keeps the refusal", () => {
  assert.deepStrictEqual(Option.getOrThrow(fromNumber(22, refusal)).refusal, refusal)
  assert.isUndefined(Option.getOrThrow(fromNumber(22)).refusal)
})

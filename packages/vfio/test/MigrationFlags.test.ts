/** Which features each state needs, and which combinations of features exist. */
import { assert, it } from "@effect/vitest"
import { MigrationFlags, MigrationStates } from "@stopcopy/vfio"

const supported = (flags: number): ReadonlyArray<number> =>
  MigrationStates.all.filter((state) => MigrationFlags.supports(flags, state)).map(MigrationStates.toNumber)

it("each feature is its bit", () => {
  assert.deepStrictEqual([MigrationFlags.STOP_COPY, MigrationFlags.P2P, MigrationFlags.PRE_COPY], [1, 2, 4])
})

it("every state needs the features of the protocol's table", () => {
  assert.deepStrictEqual(
    MigrationStates.all.map((state) => MigrationFlags.required[state]),
    [0xffff_ffff, 1, 1, 1, 1, 3, 5, 7]
  )
})

it("a device has the states whose features it has, and never ERROR", () => {
  assert.deepStrictEqual(supported(1), [1, 2, 3, 4])
  assert.deepStrictEqual(supported(3), [1, 2, 3, 4, 5])
  assert.deepStrictEqual(supported(5), [1, 2, 3, 4, 6])
  assert.deepStrictEqual(supported(7), [1, 2, 3, 4, 5, 6, 7])
  assert.deepStrictEqual(supported(0xffff_ffff), [1, 2, 3, 4, 5, 6, 7])
})

it("without STOP_COPY no state is usable", () => {
  for (const flags of [0, 2, 4, 6]) assert.deepStrictEqual(supported(flags), [])
})

it("a number that no state has is never supported", () => {
  for (const number of [-1, 0, 8, 1.5, 0xffff_ffff]) assert.isFalse(MigrationFlags.supportsNumber(7, number))
  assert.isTrue(MigrationFlags.supportsNumber(7, 7))
})

it("four combinations are defined", () => {
  const range = Array.from({ length: 16 }, (_, flags) => flags)
  assert.deepStrictEqual(range.filter(MigrationFlags.isDefined), [1, 3, 5, 7])
})

it("a mask is described by its names", () => {
  assert.strictEqual(MigrationFlags.describe(7), "STOP_COPY|P2P|PRE_COPY (7)")
  assert.strictEqual(MigrationFlags.describe(0), "none (0)")
})

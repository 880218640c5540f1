/** Names, numbers and facts of the states, against the table of the uAPI header. */
import { assert, it } from "@effect/vitest"
import { MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Option, Schema } from "effect"

const numbers: ReadonlyArray<readonly [MigrationState, number]> = [
  ["ERROR", 0],
  ["STOP", 1],
  ["RUNNING", 2],
  ["STOP_COPY", 3],
  ["RESUMING", 4],
  ["RUNNING_P2P", 5],
  ["PRE_COPY", 6],
  ["PRE_COPY_P2P", 7]
]

const where = (predicate: (state: MigrationState) => boolean): ReadonlyArray<MigrationState> =>
  MigrationStates.all.filter(predicate)

it("every state has its uAPI number, both ways", () => {
  assert.deepStrictEqual(
    MigrationStates.all.map((state) => [state, MigrationStates.toNumber(state)]),
    numbers.map((row) => [...row])
  )
  for (const [state, number] of numbers) {
    assert.strictEqual(Option.getOrThrow(MigrationStates.fromNumber(number)), state)
  }
})

it("a number that no state has is none", () => {
  for (const number of [-1, 8, 1.5, 255, 0xffff_ffff, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.isTrue(Option.isNone(MigrationStates.fromNumber(number)), String(number))
  }
})

it("a number is described by its name where it has one", () => {
  assert.strictEqual(MigrationStates.describeNumber(3), "STOP_COPY (3)")
  assert.strictEqual(MigrationStates.describeNumber(9), "9")
})

it("predicates pick the states of the protocol's table", () => {
  assert.deepStrictEqual(where(MigrationStates.isRunning), ["RUNNING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P"])
  assert.deepStrictEqual(where(MigrationStates.isSaving), ["STOP_COPY", "PRE_COPY", "PRE_COPY_P2P"])
  assert.deepStrictEqual(where(MigrationStates.isPreCopy), ["PRE_COPY", "PRE_COPY_P2P"])
  assert.deepStrictEqual(where(MigrationStates.isP2P), ["RUNNING_P2P", "PRE_COPY_P2P"])
  assert.deepStrictEqual(where(MigrationStates.startsDma), ["RUNNING", "PRE_COPY"])
})

it("a device in STOP changes nothing and still answers", () => {
  const stop = { number: 1, dma: "none", changes: "none", access: "tolerated", session: "none" }
  assert.deepStrictEqual(MigrationStates.facts.STOP, stop)
})

it("the schema takes the names and nothing else", () => {
  assert.isTrue(Schema.is(MigrationState)("PRE_COPY_P2P"))
  for (const value of ["PRECOPY", "running", 2]) assert.isFalse(Schema.is(MigrationState)(value))
})

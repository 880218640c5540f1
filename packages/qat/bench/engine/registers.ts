/** Register reads and writes of a device per second: on bare registers, and as a guest's accesses that are recorded. */
import { RegisterAccess, RegisterFile, type VfCommand } from "@stopcopy/qat"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { inFolder, rateOf, type Subject } from "@stopcopy/workbench"
import { csrOffset, ringOffset } from "../../test/driver/lives.ts"
import { openDevice } from "../../test/support/guest/Device.ts"
import { GuestMemory } from "../../test/support/guest/GuestMemory.ts"

/** Accesses of one measurement, and how many a socket hands over at once. */
const accesses = 200_000
const atOnce = 32

const offsets = [
  ringOffset(1, 0, "TAIL"),
  ringOffset(1, 1, "HEAD"),
  csrOffset(1, "INT_FLAG_AND_COL"),
  ringOffset(2, 0, "TAIL")
]
const offsetOf = (index: number): number => offsets[index % offsets.length] ?? 0

/** Every second write is a 0: pointers stay where rings of no size allow them. */
const write = (index: number): VfCommand => ({
  _tag: "WriteRegister",
  bar: 0,
  offset: offsetOf(index),
  value: index & 1
})

const bareWrites = Effect.sync(() => {
  const file = RegisterFile.reset()
  for (let index = 0; index < accesses; index++) RegisterAccess.writeBar0(file, "device", offsetOf(index), index & 1)
})

const bareReads = Effect.sync(() => {
  const file = RegisterFile.reset()
  let sum = 0
  for (let index = 0; index < accesses; index++) sum += RegisterAccess.readBar0(file, "device", offsetOf(index))
  if (sum !== 0) throw new Error("registers were not 0")
})

const device = Effect.map(
  Effect.suspend(() => openDevice("17", new GuestMemory(4096).dma)),
  ({ driver }) => driver
)

const onFile = <A, E, R>(use: Effect.Effect<A, E, R>) =>
  inFolder((file) =>
    Effect.provide(
      Effect.scoped(use),
      Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true, spool: true }))
    )
  )

const guestReads = Effect.flatMap(device, (driver) =>
  rateOf(
    accesses,
    Effect.gen(function* () {
      for (let index = 0; index < accesses; index++) yield* driver.readRegister(0, offsetOf(index))
    })
  )
)

const guestWrites = Effect.flatMap(device, (driver) =>
  rateOf(
    accesses,
    Effect.gen(function* () {
      for (let index = 0; index < accesses; index++) yield* driver.writeRegister(0, offsetOf(index), index & 1)
    })
  )
)

const batchedWrites = Effect.flatMap(device, ({ vf }) =>
  rateOf(
    accesses,
    Effect.gen(function* () {
      for (let index = 0; index < accesses; index += atOnce) {
        yield* vf.askAll(Array.from({ length: atOnce }, (_, at) => write(index + at)))
      }
    })
  )
)

const unit = "access/s"
const ofWrites = [{ key: "write.bare", to: "bare registers" }]

export const registerSubjects: ReadonlyArray<Subject> = [
  { key: "read.bare", name: "reads of bare registers", word: "none", unit, measure: rateOf(accesses, bareReads) },
  {
    key: "read.guest",
    name: "reads of a guest (never recorded)",
    word: "none",
    unit,
    against: [{ key: "read.bare", to: "bare registers" }],
    measure: onFile(guestReads)
  },
  {
    key: "write.bare",
    name: "writes to bare registers, not recorded",
    word: "none",
    unit,
    measure: rateOf(accesses, bareWrites)
  },
  {
    key: "write.guest",
    name: "writes of a guest, one by one",
    word: "written",
    unit,
    against: ofWrites,
    measure: onFile(guestWrites)
  },
  {
    key: "write.batched",
    name: `writes of a guest, ${atOnce} at once`,
    word: "written",
    unit,
    against: ofWrites,
    measure: onFile(batchedWrites)
  }
]

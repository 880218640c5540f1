/** DEVICE_SET_IRQS and what the device fires: the tables of section 10. */
import { assert, describe, it } from "@effect/vitest"
import { Command } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { irqs } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DEVICE_SET_IRQS } = Command
const [NONE, BOOL, EVENTFD, MASK, UNMASK, TRIGGER] = [1, 2, 4, 8, 0x10, 0x20]
const [MSI, MSIX, ERR, REQ] = [1, 2, 3, 4]
const empty = new Uint8Array(0)
const bools = (...bytes: ReadonlyArray<number>) => new Uint8Array(bytes)

describe("a request", () => {
  const refused: ReadonlyArray<readonly [name: string, payload: Uint8Array, descriptors?: ReadonlyArray<number>]> = [
    ["of 8 bytes", new Uint8Array(8)],
    ["with argsz 3", irqs(TRIGGER | NONE, MSIX, 0, 1, empty, 3)],
    ["with argsz 19", irqs(TRIGGER | NONE, MSIX, 0, 1, empty, 19)],
    ["with 1 bool for count 2", irqs(TRIGGER | BOOL, MSIX, 0, 2, bools(1))],
    ["with 3 bools for count 2", irqs(TRIGGER | BOOL, MSIX, 0, 2, bools(1, 1, 1))],
    ["for type 5", irqs(TRIGGER | NONE, 5, 0, 1)],
    ["to mask and unmask", irqs(MASK | UNMASK | NONE, MSIX, 0, 1)],
    ["without an action", irqs(NONE, MSIX, 0, 1)],
    ["with none and bool", irqs(TRIGGER | NONE | BOOL, MSIX, 0, 1, bools(1))],
    ["without data", irqs(TRIGGER, MSIX, 0, 1)],
    ["with an unknown flag", irqs(TRIGGER | NONE | 0x40, MSIX, 0, 1)],
    ["with start 4 of 4", irqs(TRIGGER | NONE, MSIX, 4, 1)],
    ["with start 3 and count 2 of 4", irqs(TRIGGER | NONE, MSIX, 3, 2)],
    ["with start 1 and count 0xffffffff", irqs(TRIGGER | NONE, MSIX, 1, 0xffff_ffff)],
    ["to mask ERR", irqs(MASK | NONE, ERR, 0, 1)],
    ["to unmask REQ", irqs(UNMASK | NONE, REQ, 0, 1)],
    ["for two vectors of ERR", irqs(TRIGGER | NONE, ERR, 0, 2)],
    ["for two vectors of REQ", irqs(TRIGGER | NONE, REQ, 0, 2)],
    ["with count 0 and start 1", irqs(TRIGGER | NONE, MSIX, 1, 0)],
    ["with count 0 to mask", irqs(MASK | NONE, MSIX, 0, 0)],
    ["with count 0 and bools", irqs(TRIGGER | BOOL, MSIX, 0, 0)],
    ["with count 0 and eventfd", irqs(TRIGGER | EVENTFD, MSIX, 0, 0)],
    ["with a descriptor and bools", irqs(TRIGGER | BOOL, MSIX, 0, 1, bools(1)), [7]],
    ["with a descriptor and none", irqs(TRIGGER | NONE, MSIX, 0, 1), [7]],
    ["with bools, no data and two descriptors", irqs(TRIGGER | BOOL, MSIX, 0, 2), [7, 8]],
    ["with 1 descriptor for count 2", irqs(TRIGGER | EVENTFD, MSIX, 0, 2), [7]],
    ["with 3 descriptors for count 2", irqs(TRIGGER | EVENTFD, MSIX, 0, 2), [7, 8, 9]],
    ["with a descriptor and too few bytes", new Uint8Array(19), [7]]
  ]
  for (const [name, payload, descriptors = []] of refused) {
    it.scoped(`${name}: EINVAL, and its descriptors are closed`, () =>
      Effect.gen(function* () {
        const { closed, connect, signalled } = yield* serving()
        assert.strictEqual(connect().version().ask(DEVICE_SET_IRQS, payload, { descriptors }), 22)
        assert.deepStrictEqual([closed, signalled], [descriptors, []])
      })
    )
  }

  const served: ReadonlyArray<readonly [name: string, payload: Uint8Array]> = [
    ["to de-assign a type", irqs(TRIGGER | NONE, MSIX, 0, 0)],
    ["to de-assign vectors", irqs(TRIGGER | EVENTFD, MSIX, 1, 2)],
    ["to fire vectors without descriptors", irqs(TRIGGER | NONE, MSIX, 0, 4)],
    ["to mask with eventfds", irqs(MASK | EVENTFD, MSIX, 0, 2)],
    ["to mask by bools", irqs(MASK | BOOL, MSIX, 0, 2, bools(0, 1))]
  ]
  for (const [name, payload] of served) {
    it.scoped(`${name}: a success`, () =>
      Effect.gen(function* () {
        const { connect, signalled } = yield* serving()
        assert.deepStrictEqual(connect().version().ask(DEVICE_SET_IRQS, payload), empty)
        assert.deepStrictEqual(signalled, [])
      })
    )
  }
})

describe("vectors", () => {
  /** A client with descriptors 10 to 13 for MSI-X and 20, 21 for MSI. */
  const assigned = Effect.gen(function* () {
    const all = yield* serving()
    const client = all.connect().version()
    const set = (
      flags: number,
      type: number,
      start: number,
      count: number,
      data?: Uint8Array,
      descriptors: ReadonlyArray<number> = []
    ) =>
      assert.deepStrictEqual(client.ask(DEVICE_SET_IRQS, irqs(flags, type, start, count, data), { descriptors }), empty)
    set(TRIGGER | EVENTFD, MSIX, 0, 4, empty, [10, 11, 12, 13])
    set(TRIGGER | EVENTFD, MSI, 0, 2, empty, [20, 21])
    const fire = (type: number, vector: number) => all.device.user?.interrupt(type, vector)
    return { ...all, client, set, fire }
  })

  it.scoped("signal their descriptor; types do not share them", () =>
    Effect.gen(function* () {
      const { fire, signalled } = yield* assigned
      fire(MSIX, 2)
      fire(MSI, 1)
      fire(MSIX, 2)
      fire(MSIX, 4)
      fire(9, 0)
      assert.deepStrictEqual(signalled, [12, 21, 12])
    })
  )

  it.scoped("are fired by none and by bools that are 1", () =>
    Effect.gen(function* () {
      const { set, signalled } = yield* assigned
      set(TRIGGER | NONE, MSIX, 1, 2)
      set(TRIGGER | BOOL, MSIX, 0, 4, bools(1, 0, 2, 1))
      assert.deepStrictEqual(signalled, [11, 12, 10, 13])
    })
  )

  it.scoped("that fire while masked are signalled once when unmasked", () =>
    Effect.gen(function* () {
      const { fire, set, signalled } = yield* assigned
      set(MASK | NONE, MSIX, 0, 2)
      for (const vector of [0, 0, 1, 2]) fire(MSIX, vector)
      assert.deepStrictEqual(signalled, [12])
      set(UNMASK | BOOL, MSIX, 0, 2, bools(1, 0))
      set(UNMASK | BOOL, MSIX, 0, 2, bools(1, 0))
      assert.deepStrictEqual(signalled, [12, 10])
      set(UNMASK | NONE, MSIX, 0, 4)
      assert.deepStrictEqual(signalled, [12, 10, 11])
    })
  )

  it.scoped("that fire without a descriptor are signalled once when they have one", () =>
    Effect.gen(function* () {
      const { closed, fire, set, signalled } = yield* assigned
      set(TRIGGER | EVENTFD, MSIX, 1, 2)
      assert.deepStrictEqual(closed, [11, 12])
      fire(MSIX, 1)
      fire(MSIX, 1)
      set(TRIGGER | NONE, MSIX, 1, 1)
      set(TRIGGER | EVENTFD, MSIX, 1, 1, empty, [31])
      assert.deepStrictEqual(signalled, [31])
    })
  )

  it.scoped("that mask themselves signal again when unmasked", () =>
    Effect.gen(function* () {
      const { fire, set, signalled } = yield* assigned
      set(TRIGGER | EVENTFD, REQ, 0, 1, empty, [40])
      fire(REQ, 0)
      fire(REQ, 0)
      assert.deepStrictEqual(signalled, [40])
    })
  )

  it.scoped("get a new descriptor, and the old one is closed", () =>
    Effect.gen(function* () {
      const { closed, fire, set, signalled } = yield* assigned
      set(TRIGGER | EVENTFD, MSIX, 2, 2, empty, [50, 51])
      fire(MSIX, 3)
      assert.deepStrictEqual([closed, signalled], [[12, 13], [51]])
    })
  )

  it.scoped("lose all descriptors of a type with count 0, of every type with the connection", () =>
    Effect.gen(function* () {
      const { client, closed, device, fire, set, signalled } = yield* assigned
      set(TRIGGER | NONE, MSIX, 0, 0)
      assert.deepStrictEqual(closed, [10, 11, 12, 13])
      const { user } = device
      client.lose()
      assert.deepStrictEqual(closed, [10, 11, 12, 13, 20, 21])
      user?.interrupt(MSI, 0)
      fire(MSI, 0)
      assert.deepStrictEqual(signalled, [])
    })
  )

  it.scoped("cannot be set up where descriptors do not come: ENOTSUP, said once", () =>
    Effect.gen(function* () {
      const { connect, logs } = yield* serving()
      const client = connect(false).version()
      assert.strictEqual(client.ask(DEVICE_SET_IRQS, irqs(TRIGGER | EVENTFD, MSIX, 0, 2)), 95)
      assert.strictEqual(client.ask(DEVICE_SET_IRQS, irqs(TRIGGER | EVENTFD, MSIX, 0, 1)), 95)
      assert.deepStrictEqual(client.ask(DEVICE_SET_IRQS, irqs(TRIGGER | NONE, MSIX, 0, 0)), empty)
      assert.strictEqual(logs.filter((line) => line.includes("interrupts need descriptors")).length, 1)
    })
  )
})

/** DEVICE_FEATURE for migration, the stream, the reset: the tables of sections 12, 13 and 14, and our extensions. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Messages } from "@stopcopy/vfio-user"
import { MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import type { MemoryConnection } from "../support/MemoryConnection.ts"
import type { Setup } from "../support/MemoryDevice.ts"
import { feature, GET, migData, PROBE, SET, write } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DEVICE_FEATURE, DEVICE_RESET, MIG_DATA_READ, MIG_DATA_WRITE } = Command
const { MigDataSize, MigState, MigrationFeature, PrecopyInfo } = Messages
const [MIGRATION, STATE, DATA_SIZE, PRECOPY_INFO] = [1, 2, 9, Messages.DeviceFeature.PRECOPY_INFO]
const [ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P] = [0, 1, 2, 3, 4, 5, 6, 7]
const empty = new Uint8Array(0)

const goTo = (client: MemoryConnection, state: number): number => {
  const request = feature(STATE | SET, MigState.encode(state))
  const answer = client.ask(DEVICE_FEATURE, request)
  if (typeof answer === "number") return answer
  assert.deepStrictEqual(answer, request)
  return 0
}

const stateOf = (client: MemoryConnection): string => {
  const answer = client.ask(DEVICE_FEATURE, feature(STATE | GET, empty, 16))
  if (typeof answer === "number") return `errno ${answer}`
  assert.deepStrictEqual(answer.subarray(0, 8), feature(STATE | GET, empty, 16))
  return MigrationStates.describeNumber(new DataView(answer.slice(8).buffer).getUint32(0, true))
}

const client = (setup: Setup = {}, capabilities: Messages.Capabilities.Capabilities = {}, options = {}) =>
  Effect.map(serving(setup, options), (all) => ({ ...all, client: all.connect().version(capabilities) }))

describe("a feature request", () => {
  const state = MigState.encode(STOP)
  const refused: ReadonlyArray<readonly [name: string, payload: Uint8Array]> = [
    ["of 7 bytes", new Uint8Array(7)],
    ["for feature 3", feature(3 | SET)],
    ["for feature 0xffff", feature(0xffff | PROBE)],
    ["to set MIGRATION", feature(MIGRATION | SET, new Uint8Array(8))],
    ["to probe GET and SET of MIGRATION", feature(MIGRATION | GET | SET | PROBE)],
    ["to get and set the state", feature(STATE | GET | SET, state)],
    ["without an operation", feature(STATE, state)],
    ["with an unknown operation", feature(STATE | GET | 0x8_0000, empty, 16)],
    ["to probe with argsz 2", feature(MIGRATION | PROBE, empty, 2)],
    ["to get MIGRATION with argsz 8", feature(MIGRATION | GET, empty, 8)],
    ["to get the state with argsz 15", feature(STATE | GET, empty, 15)],
    ["to set the state with argsz 8", feature(STATE | SET, state, 8)],
    ["to set the state without data", feature(STATE | SET)],
    ["to set the state with 4 bytes of data", feature(STATE | SET, state.subarray(0, 4))],
    ["for the data size, not agreed on", feature(DATA_SIZE | GET, empty, 16)],
    ["for precopy info, not agreed on", feature(PRECOPY_INFO | PROBE)]
  ]
  for (const [name, payload] of refused) {
    it.scoped(`${name}: EINVAL`, () =>
      Effect.gen(function* () {
        const { client: one } = yield* client()
        assert.strictEqual(one.ask(DEVICE_FEATURE, payload), 22)
        assert.strictEqual(stateOf(one), "RUNNING (2)")
      })
    )
  }

  it.scoped("to probe is repeated", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client()
      const probes = [
        feature(MIGRATION | PROBE),
        feature(MIGRATION | GET | PROBE),
        feature(STATE | GET | SET | PROBE, new Uint8Array([1, 2, 3])),
        feature(6 | SET | PROBE),
        feature(7 | PROBE),
        feature(8 | GET | PROBE, empty, 4096)
      ]
      for (const probe of probes) assert.deepStrictEqual(one.ask(DEVICE_FEATURE, probe), probe)
    })
  )

  it.scoped("to get MIGRATION gives the flags", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client()
      const reply = feature(MIGRATION | GET, MigrationFeature.encode(5))
      assert.deepStrictEqual(one.ask(DEVICE_FEATURE, feature(MIGRATION | GET, empty, 4096)), reply)
    })
  )

  it.scoped("of a device without migration is EINVAL", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({ withoutMigration: true })
      assert.strictEqual(one.ask(DEVICE_FEATURE, feature(MIGRATION | GET, empty, 16)), 22)
      assert.strictEqual(one.ask(MIG_DATA_READ, migData(4)), 22)
      assert.strictEqual(one.ask(MIG_DATA_WRITE, migData(4, new Uint8Array(4))), 22)
      assert.deepStrictEqual(one.ask(DEVICE_RESET), empty)
    })
  )
})

describe("the migration state", () => {
  /** The path of every request; undefined: refused. The kernel's own, which differs from libvfio-user's in no reached state. */
  const paths: ReadonlyArray<readonly [from: number, to: number, path: ReadonlyArray<string> | undefined]> = [
    [STOP, RUNNING, ["RUNNING"]],
    [STOP, STOP_COPY, ["STOP_COPY"]],
    [STOP, RESUMING, ["RESUMING"]],
    [STOP, PRE_COPY, ["RUNNING", "PRE_COPY"]],
    [RUNNING, STOP, ["STOP"]],
    [RUNNING, STOP_COPY, ["STOP", "STOP_COPY"]],
    [RUNNING, RESUMING, ["STOP", "RESUMING"]],
    [RUNNING, PRE_COPY, ["PRE_COPY"]],
    [STOP_COPY, STOP, ["STOP"]],
    [STOP_COPY, RUNNING, ["STOP", "RUNNING"]],
    [STOP_COPY, RESUMING, ["STOP", "RESUMING"]],
    [STOP_COPY, PRE_COPY, undefined],
    [RESUMING, STOP, ["STOP"]],
    [RESUMING, RUNNING, ["STOP", "RUNNING"]],
    [RESUMING, STOP_COPY, ["STOP", "STOP_COPY"]],
    [RESUMING, PRE_COPY, ["STOP", "RUNNING", "PRE_COPY"]],
    [PRE_COPY, STOP, ["RUNNING", "STOP"]],
    [PRE_COPY, RUNNING, ["RUNNING"]],
    [PRE_COPY, STOP_COPY, ["STOP_COPY"]],
    [PRE_COPY, RESUMING, ["RUNNING", "STOP", "RESUMING"]]
  ]
  for (const [from, to, path] of paths) {
    it.scoped(`${MigrationStates.describeNumber(from)} to ${MigrationStates.describeNumber(to)}`, () =>
      Effect.gen(function* () {
        const { client: one, device } = yield* client()
        assert.strictEqual(goTo(one, from), 0)
        device.calls.length = 0
        assert.strictEqual(goTo(one, to), path === undefined ? 22 : 0)
        assert.deepStrictEqual(
          device.calls.filter((call) => !call.startsWith("close")),
          path ?? []
        )
        assert.strictEqual(stateOf(one), MigrationStates.describeNumber(path === undefined ? from : to))
        device.calls.length = 0
        assert.deepStrictEqual([goTo(one, path === undefined ? from : to), device.calls], [0, []])
      })
    )
  }

  it.scoped("that does not exist, or needs P2P, is EINVAL", () =>
    Effect.gen(function* () {
      for (const flags of [5, 7]) {
        const { client: one } = yield* client({ flags })
        for (const state of [ERROR, RUNNING_P2P, PRE_COPY_P2P, 8, 0xabcd, 0xffff_ffff]) {
          assert.strictEqual(goTo(one, state), 22, `${state}`)
        }
        assert.strictEqual(stateOf(one), "RUNNING (2)")
      }
    })
  )

  it.scoped("PRE_COPY without its feature is EINVAL", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({ flags: 1 })
      assert.strictEqual(goTo(one, PRE_COPY), 22)
    })
  )

  it.scoped("after a step that fails is the one that was reached", () =>
    Effect.gen(function* () {
      const { client: one, device } = yield* client()
      assert.strictEqual(goTo(one, STOP_COPY), 0)
      device.stuckBefore = "RESUMING"
      assert.strictEqual(goTo(one, RESUMING), 16)
      assert.strictEqual(stateOf(one), "STOP (1)")
      // The saving session has ended on the way.
      assert.include(device.calls, "close saving")
      assert.strictEqual(one.ask(MIG_DATA_READ, migData(4)), 22)
    })
  )
})

describe("our extensions", () => {
  it.scoped("p2p shows the flag and its states", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({ flags: 7 }, { extensions: { p2p: true } })
      const reply = feature(MIGRATION | GET, MigrationFeature.encode(7))
      assert.deepStrictEqual(one.ask(DEVICE_FEATURE, feature(MIGRATION | GET, empty, 16)), reply)
      assert.deepStrictEqual([goTo(one, PRE_COPY_P2P), stateOf(one)], [0, "PRE_COPY_P2P (7)"])
      assert.deepStrictEqual([goTo(one, RUNNING_P2P), stateOf(one)], [0, "RUNNING_P2P (5)"])
    })
  )

  it.scoped("without p2p the flag is not shown", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({ flags: 7 }, { extensions: { p2p: false, dataSize: true } })
      const reply = feature(MIGRATION | GET, MigrationFeature.encode(5))
      assert.deepStrictEqual(one.ask(DEVICE_FEATURE, feature(MIGRATION | GET, empty, 16)), reply)
    })
  )

  it.scoped("data_size and precopy_info give what the device says", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({}, { extensions: { dataSize: true, precopyInfo: true } })
      const size = feature(DATA_SIZE | GET, MigDataSize.encode(0x1000n))
      assert.deepStrictEqual(one.ask(DEVICE_FEATURE, feature(DATA_SIZE | GET, empty, 16)), size)
      const ask = feature(PRECOPY_INFO | GET, empty, 24)
      assert.strictEqual(one.ask(DEVICE_FEATURE, ask), 22)
      goTo(one, PRE_COPY)
      assert.strictEqual(one.ask(DEVICE_FEATURE, feature(PRECOPY_INFO | GET, empty, 23)), 22)
      const info = PrecopyInfo.encode({ initialBytes: 7n, dirtyBytes: 1n })
      assert.deepStrictEqual(one.ask(DEVICE_FEATURE, ask), feature(PRECOPY_INFO | GET, info))
      goTo(one, STOP_COPY)
      assert.strictEqual(one.ask(DEVICE_FEATURE, ask), 22)
    })
  )
})

describe("the stream", () => {
  it.scoped("moves the registers from one device to another", () =>
    Effect.gen(function* () {
      const { client: source } = yield* client()
      const { client: destination, device } = yield* client()
      const data = new Uint8Array(0xf00).map((_, index) => index * 7)
      source.ask(Command.REGION_WRITE, write(0, 0, data))
      goTo(source, PRE_COPY)
      goTo(destination, RESUMING)
      for (let round = 0; round < 3; round++) {
        if (round === 1) goTo(source, STOP_COPY)
        const reply = source.ask(MIG_DATA_READ, migData(round === 2 ? 4096 : 1000))
        if (typeof reply === "number") assert.fail(`errno ${reply}`)
        const size = reply.byteLength - 8
        assert.strictEqual(size, [1000, 1000, 0x1000 - 2000][round])
        assert.deepStrictEqual(reply.subarray(0, 8), migData(size))
        assert.deepStrictEqual(destination.ask(MIG_DATA_WRITE, migData(size, reply.subarray(8))), empty)
      }
      assert.deepStrictEqual(source.ask(MIG_DATA_READ, migData(1000)), migData(0))
      assert.deepStrictEqual(device.bar.subarray(0, 0xf00), data)
      assert.strictEqual(goTo(destination, RUNNING), 0)
    })
  )

  it.scoped("is padded where the option says so", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({}, {}, { padMigrationData: true })
      goTo(one, STOP_COPY)
      assert.deepStrictEqual(one.ask(MIG_DATA_READ, migData(0x2000)), migData(0x1000, new Uint8Array(0x2000)))
    })
  )

  const four = new Uint8Array(4)
  const cases: ReadonlyArray<readonly [name: string, state: number, command: number, payload: Uint8Array]> = [
    ["a read of 7 bytes of payload", STOP_COPY, MIG_DATA_READ, new Uint8Array(7)],
    ["a read in RUNNING", RUNNING, MIG_DATA_READ, migData(4)],
    ["a read in STOP", STOP, MIG_DATA_READ, migData(4)],
    ["a read in RESUMING", RESUMING, MIG_DATA_READ, migData(4)],
    ["a read of 5 bytes with a limit of 4", STOP_COPY, MIG_DATA_READ, migData(5)],
    ["a read with argsz 11 for 4 bytes", STOP_COPY, MIG_DATA_READ, migData(4, empty, 11)],
    ["a write of 7 bytes of payload", RESUMING, MIG_DATA_WRITE, new Uint8Array(7)],
    ["a write in RUNNING", RUNNING, MIG_DATA_WRITE, migData(4, four)],
    ["a write in STOP_COPY", STOP_COPY, MIG_DATA_WRITE, migData(4, four)],
    ["a write of 5 bytes with a limit of 4", RESUMING, MIG_DATA_WRITE, migData(5, new Uint8Array(5))],
    ["a write with argsz 11 for 4 bytes", RESUMING, MIG_DATA_WRITE, migData(4, four, 11)],
    ["a write with less data than size", RESUMING, MIG_DATA_WRITE, migData(4, four.subarray(1))]
  ]
  for (const [name, state, command, payload] of cases) {
    it.scoped(`${name}: EINVAL`, () =>
      Effect.gen(function* () {
        const { client: one } = yield* client({}, { maxDataXferSize: 4 })
        goTo(one, state)
        assert.strictEqual(one.ask(command, payload), 22)
      })
    )
  }

  it.scoped("takes extra bytes behind the data, and no byte past the end", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client()
      goTo(one, RESUMING)
      assert.deepStrictEqual(one.ask(MIG_DATA_WRITE, migData(4, new Uint8Array(9))), empty)
      assert.deepStrictEqual(one.ask(MIG_DATA_WRITE, migData(0)), empty)
      assert.strictEqual(one.ask(MIG_DATA_WRITE, migData(0x1000, new Uint8Array(0x1000))), 22)
    })
  )

  it.scoped("of no byte is served also with a limit of 0", () =>
    Effect.gen(function* () {
      const { client: one } = yield* client({}, { maxDataXferSize: -3 })
      goTo(one, STOP_COPY)
      assert.strictEqual(one.ask(MIG_DATA_READ, migData(1)), 22)
    })
  )
})

describe("DEVICE_RESET", () => {
  const states = [STOP, RUNNING, STOP_COPY, RESUMING, PRE_COPY]
  for (const resetKeeps of [false, true]) {
    const device = resetKeeps ? "a device that keeps its migration state" : "a device that goes to RUNNING itself"
    for (const from of states) {
      it.scoped(
        `leads from ${MigrationStates.describeNumber(from)} to RUNNING and ends the session, for ${device}`,
        () =>
          Effect.gen(function* () {
            const { client: one, device: served } = yield* client({ resetKeeps })
            goTo(one, from)
            one.ask(Command.REGION_WRITE, write(0, 0, new Uint8Array([1])))
            assert.deepStrictEqual(one.ask(DEVICE_RESET), empty)
            assert.deepStrictEqual([stateOf(one), served.bar[0]], ["RUNNING (2)", 0])
            assert.strictEqual(one.ask(MIG_DATA_READ, migData(4)), 22)
            assert.strictEqual(one.ask(MIG_DATA_WRITE, migData(1, new Uint8Array(1))), 22)
            const session = [STOP_COPY, RESUMING, PRE_COPY].includes(from) ? 1 : 0
            assert.strictEqual(served.calls.filter((call) => call.startsWith("close")).length, session)
          })
      )

      const stays = from !== STOP && from !== STOP_COPY
      it.scoped(
        `with the switch ${stays ? "keeps" : "is refused in"} ${MigrationStates.describeNumber(from)}, for ${device}`,
        () =>
          Effect.gen(function* () {
            const { client: one, device: served } = yield* client(
              { resetKeeps },
              {},
              { resetKeepsMigrationState: true }
            )
            goTo(one, from)
            served.bar[0] = 1
            assert.deepStrictEqual(one.ask(DEVICE_RESET), stays ? empty : 22)
            assert.deepStrictEqual([stateOf(one), served.bar[0]], [MigrationStates.describeNumber(from), stays ? 0 : 1])
            if (from === PRE_COPY) assert.notStrictEqual(one.ask(MIG_DATA_READ, migData(4)), 22)
            if (from === RESUMING) assert.notStrictEqual(one.ask(MIG_DATA_WRITE, migData(1, new Uint8Array(1))), 22)
          })
      )
    }
  }

  for (const resetKeepsMigrationState of [false, true]) {
    it.scoped(`leads out of ERROR, ${resetKeepsMigrationState ? "also with the switch" : "as everywhere"}`, () =>
      Effect.gen(function* () {
        const { client: one, device } = yield* client({ resetKeeps: true }, {}, { resetKeepsMigrationState })
        device.state = "ERROR"
        assert.strictEqual(goTo(one, RUNNING), 22)
        assert.deepStrictEqual(one.ask(DEVICE_RESET), empty)
        assert.strictEqual(stateOf(one), "RUNNING (2)")
      })
    )
  }
})

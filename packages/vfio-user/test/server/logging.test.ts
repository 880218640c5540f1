/** DMA logging: the table of section 15, with reports for any range as kernel VFIO has them. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Messages } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { feature, GET, SET } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DEVICE_FEATURE } = Command
const [START, STOP, REPORT] = [6 | SET, 7 | SET, 8 | GET]
const empty = new Uint8Array(0)
const page = 4096n
const whole = (1n << 64n) - page

const start = (pageSize: bigint, ranges: Messages.DmaLoggingStart.DmaLoggingStart["ranges"] = []) =>
  feature(START, Messages.DmaLoggingStart.encode({ pageSize, ranges }))
const report = (iova: bigint, length: bigint, pageSize: bigint, bitmap: Uint8Array = empty, argsz = 4096) =>
  feature(REPORT, Messages.DmaLoggingReport.encode({ iova, length, pageSize, bitmap }), argsz)

const logging = Effect.map(serving(), (all) => ({ ...all, client: all.connect().version() }))

describe("START", () => {
  const cases: ReadonlyArray<readonly [name: string, payload: Uint8Array, call: string | undefined]> = [
    ["with page size 0", start(0n), undefined],
    ["with page size 3", start(3n), undefined],
    ["without data", feature(START), undefined],
    ["with data cut short", feature(START, new Uint8Array(15)), undefined],
    ["with a range missing", start(page, [{ iova: 0n, length: page }]).subarray(0, 39), undefined],
    ["with a range that is no page", start(page, [{ iova: 0n, length: 5n }]), undefined],
    [
      "with ranges that overlap",
      start(
        page,
        [0n, 0n].map((iova) => ({ iova, length: page }))
      ),
      undefined
    ],
    ["without ranges", start(page), `log 4096 0+${whole}`],
    ["with a range", start(page, [{ iova: page, length: 8n * page }]), "log 4096 4096+32768"]
  ]
  for (const [name, payload, call] of cases) {
    it.scoped(`${name}: ${call ?? "EINVAL"}`, () =>
      Effect.gen(function* () {
        const { client, device } = yield* logging
        assert.deepStrictEqual(client.ask(DEVICE_FEATURE, payload), call === undefined ? 22 : payload)
        assert.deepStrictEqual(device.calls, call === undefined ? ["attach"] : ["attach", call])
      })
    )
  }

  it.scoped("again is a success with the same page size only; STOP is one always", () =>
    Effect.gen(function* () {
      const { client, device } = yield* logging
      const stop = feature(STOP, new Uint8Array(5))
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, stop), stop)
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, start(page)), start(page))
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, start(page)), start(page))
      assert.strictEqual(client.ask(DEVICE_FEATURE, start(8192n)), 22)
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, stop), stop)
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, start(8192n)), start(8192n))
      assert.deepStrictEqual(device.calls, [
        "attach",
        `log 4096 0+${whole}`,
        "log stop",
        `log 8192 0+${(1n << 64n) - 8192n}`
      ])
    })
  )
})

describe("REPORT", () => {
  const bits = (...bytes: ReadonlyArray<number>) => new Uint8Array([...bytes, ...new Uint8Array(8 - bytes.length)])

  it.scoped("gives the pages written since the last one", () =>
    Effect.gen(function* () {
      const { client, device } = yield* logging
      client.ask(DEVICE_FEATURE, start(page))
      for (const written of [0x1_0000n, 0x1_3000n, 0x1_9000n, 0x9_0000n]) device.dirty.add(written)
      const first = report(0x1_0000n, 16n * page, page, bits(0x09, 0x02), 40)
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, report(0x1_0000n, 16n * page, page)), first)
      const second = report(0x1_0000n, 16n * page, page, bits(), 40)
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, report(0x1_0000n, 16n * page, page)), second)
    })
  )

  it.scoped("joins pages that are larger", () =>
    Effect.gen(function* () {
      const { client, device } = yield* logging
      client.ask(DEVICE_FEATURE, start(page))
      for (const written of [0x1_1000n, 0x1_3000n]) device.dirty.add(written)
      const reply = report(0x1_0000n, 16n * page, 2n * page, bits(0x03), 40)
      assert.deepStrictEqual(client.ask(DEVICE_FEATURE, report(0x1_0000n, 16n * page, 2n * page)), reply)
    })
  )

  it.scoped("has whole words of 64 pages", () =>
    Effect.gen(function* () {
      const { client } = yield* logging
      client.ask(DEVICE_FEATURE, start(page))
      for (const [pages, bytes] of [
        [1n, 8],
        [64n, 8],
        [65n, 16],
        [1000n, 128]
      ] as const) {
        const reply = client.ask(DEVICE_FEATURE, report(0n, pages * page, page))
        assert.strictEqual(typeof reply === "number" ? reply : reply.byteLength - 32, bytes)
      }
    })
  )

  const refused: ReadonlyArray<readonly [name: string, payload: Uint8Array]> = [
    ["with page size 0", report(0n, page, 0n)],
    ["with page size 3", report(0n, page, 3n)],
    ["with a page larger than the range", report(0n, page, 1n << 24n)],
    ["past the end of the space", report(whole, 2n * page, page)],
    ["with argsz one short", report(0n, page, page, empty, 39)],
    ["of the whole space", report(0n, whole, page, empty, 0xffff_ffff)],
    ["without data", feature(REPORT, empty, 4096)]
  ]
  for (const [name, payload] of refused) {
    it.scoped(`${name}: EINVAL`, () =>
      Effect.gen(function* () {
        const { client } = yield* logging
        client.ask(DEVICE_FEATURE, start(page))
        assert.strictEqual(client.ask(DEVICE_FEATURE, payload), 22)
      })
    )
  }

  it.scoped("while not logging, or of a device without a log: EINVAL", () =>
    Effect.gen(function* () {
      const { client } = yield* logging
      assert.strictEqual(client.ask(DEVICE_FEATURE, report(0n, page, page)), 22)
      const { connect } = yield* serving({ withoutLog: true })
      const other = connect().version()
      for (const payload of [start(page), feature(STOP), report(0n, page, page)]) {
        assert.strictEqual(other.ask(DEVICE_FEATURE, payload), 22)
      }
    })
  )
})

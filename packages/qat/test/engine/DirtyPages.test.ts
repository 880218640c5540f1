/** DMA logging: exactly the pages that the engine wrote, each with the ring and request that wrote it. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { layer } from "../driver/hosts.ts"
import { encryption } from "../support/guest/Cbc.ts"
import { openDevice } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

const base = 0x1_2000_0000n
const all = [{ iova: base, length: 1n << 20n }]

const world = (mode: "safe" | "kernel" = "safe") =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 20)
    const { driver } = yield* openDevice("17", memory.dma, { vf: { mode } })
    const pair = new RingPair(attach(driver, memory), 2)
    yield* pair.setup
    return { memory, driver, pair }
  })

it.scoped("a report has the pages of data and responses with their writers, and the next one only what is new", () =>
  Effect.gen(function* () {
    const { driver, memory, pair } = yield* world()
    const early = encryption(memory, 0n, new Uint8Array(64))
    yield* pair.submit([early.request])
    yield* driver.vf.until(({ device }) => device?.banks[2]?.placed === 1)
    yield* driver.startDmaLogging(4096n, all)
    const first = encryption(memory, 1n, new Uint8Array(64), memory.take(64, 4096))
    const second = encryption(memory, 2n, new Uint8Array(8192), memory.take(8192, 2048))
    const before = memory.bytes.slice()
    yield* pair.submit([first.request, second.request])
    yield* driver.vf.until(({ device }) => device?.banks[2]?.placed === 3)
    const pages = yield* driver.reportDmaLog(base, 1n << 20n, 4096n)
    const [one, two] = [first.destination / 4096n, second.destination / 4096n]
    const responses = pair.responses / 4096n
    const last = (second.destination + 8191n) / 4096n
    const expected = new Map([
      [responses, 2],
      [one, 1]
    ])
    for (let page = two; page <= last; page++) expected.set(page, 2)
    assert.deepStrictEqual(
      pages,
      [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([page, request]) => ({ page, bank: 2, request }))
    )
    // The request ring is the guest's own writing.
    const changed = memory.pagesChanged(before).filter((page) => page !== pair.requests / 4096n)
    assert.deepStrictEqual(
      changed.filter((page) => !pages.some((dirty) => dirty.page === page)),
      []
    )
    assert.deepStrictEqual(yield* driver.reportDmaLog(base, 1n << 20n, 4096n), [])
  }).pipe(Effect.provide(layer))
)

it.scoped("only inside the ranges, and only what the report asks for is cleared", () =>
  Effect.gen(function* () {
    const { driver, memory, pair } = yield* world()
    const inside = encryption(memory, 1n, new Uint8Array(64), memory.take(64, 4096))
    const beside = encryption(memory, 2n, new Uint8Array(64), memory.take(64, 4096))
    const outside = encryption(memory, 3n, new Uint8Array(64), memory.take(64, 4096))
    yield* driver.startDmaLogging(4096n, [{ iova: inside.destination, length: 8192n }])
    yield* pair.submit([inside.request, beside.request, outside.request])
    yield* driver.vf.until(({ device }) => device?.banks[2]?.placed === 3)
    const report = (from: bigint, length: bigint) =>
      Effect.map(driver.reportDmaLog(from, length, 4096n), (pages) => pages.map(({ page }) => page))
    assert.deepStrictEqual(yield* report(inside.destination, 4096n), [inside.destination / 4096n])
    assert.deepStrictEqual(yield* report(base, 1n << 20n), [beside.destination / 4096n])
  }).pipe(Effect.provide(layer))
)

it.scoped("a report may have other pages than the start asked for, and a part of one is cleared by itself", () =>
  Effect.gen(function* () {
    const { driver, memory, pair } = yield* world()
    yield* driver.startDmaLogging(8192n, all)
    const job = encryption(memory, 1n, new Uint8Array(64), memory.take(64, 65536))
    yield* pair.submit([job.request])
    yield* driver.vf.until(({ device }) => device?.banks[2]?.placed === 1)
    const pages = yield* driver.reportDmaLog(job.destination, 65536n, 4096n)
    assert.deepStrictEqual(
      pages.map(({ page }) => page),
      [job.destination / 4096n]
    )
    const long = encryption(memory, 2n, new Uint8Array(8192), memory.take(8192, 65536))
    yield* pair.submit([long.request])
    yield* driver.vf.until(({ device }) => device?.banks[2]?.placed === 2)
    const report = (iova: bigint, length: bigint, pageSize: bigint) =>
      Effect.map(driver.reportDmaLog(iova, length, pageSize), (found) => found.map(({ page }) => page))
    const at = long.destination
    assert.deepStrictEqual(yield* report(at, 4096n, 4096n), [at / 4096n])
    assert.deepStrictEqual(yield* report(at, 8192n, 8192n), [at / 8192n])
    assert.deepStrictEqual(yield* report(at, 8192n, 8192n), [])
  }).pipe(Effect.provide(layer))
)

it.scoped(
  "what is refused: kernel mode ENOTTY; a bad page size, starting twice, reporting without a start EINVAL",
  () =>
    Effect.gen(function* () {
      const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(effect), ({ _tag }) => _tag)
      const kernel = yield* world("kernel")
      assert.strictEqual(yield* tagOf(kernel.driver.startDmaLogging(4096n, all)), "ENOTTY")
    }).pipe(Effect.provide(layer))
)

it.scoped("logging that is started twice, reported too early, or with half a page, is EINVAL", () =>
  Effect.gen(function* () {
    const { driver } = yield* world()
    const refusalOf = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(effect)
    assert.include(yield* refusalOf(driver.reportDmaLog(base, 4096n, 4096n)), { _tag: "EINVAL" })
    assert.include(yield* refusalOf(driver.startDmaLogging(3000n, all)), { _tag: "EINVAL" })
    yield* driver.startDmaLogging(4096n, all)
    assert.include(yield* refusalOf(driver.startDmaLogging(4096n, all)), { _tag: "EINVAL" })
    yield* driver.stopDmaLogging
    yield* driver.stopDmaLogging
    assert.isNull(driver.vf.unsafeState().device?.dirtyLog)
  }).pipe(Effect.provide(layer))
)

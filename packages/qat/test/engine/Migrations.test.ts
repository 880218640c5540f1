/** Live migrations of a guest at work: nothing is lost or done twice, whatever the moment. `pnpm soak` does a hundred times as many. */
import { assert, describe, it } from "@effect/vitest"
import { unpack, Vf, VfEvent } from "@stopcopy/qat"
import { Journal, Replay } from "@stopcopy/runtime"
import { Effect, Schema, Stream } from "effect"
import { layer } from "../driver/hosts.ts"
import { ringOffset } from "../driver/lives.ts"
import { audit, migrate, migrations, rest, type World, world } from "../support/guest/Migrations.ts"

const isEvent = Schema.is(VfEvent)
const known = Replay.replayable(Vf.behavior)

/** Pages that a device's outcomes say were written as data. */
const writtenPages = (stream: string) =>
  Effect.flatMap(Journal, (journal) =>
    Stream.runFoldEffect(journal.eventsOf(stream), new Set<bigint>(), (pages, envelope) =>
      Effect.map(known.decode(envelope), ({ value }) => {
        if (!isEvent(value) || value._tag !== "RequestsExecuted") return pages
        for (const { address, length } of unpack(value.outcomes).flatMap(({ written }) => written)) {
          for (let page = address / 4096n; page <= (address + BigInt(length) - 1n) / 4096n; page++) pages.add(page)
        }
        return pages
      })
    )
  )

it.live("50 live migrations under a running workload: memory, results, ledger and dirty pages are right", () =>
  Effect.gen(function* () {
    const { findings, world: all } = yield* migrations(1, 50, 40)
    assert.deepStrictEqual(findings, [])
    assert.strictEqual(all.workload.inFlight, 0)
    assert.isAbove(all.workload.submitted, 500)
    for (const [stream, reported] of all.reported) {
      const written = yield* writtenPages(stream)
      assert.deepStrictEqual(
        [...reported].filter((page) => !written.has(page) && !all.responsePages.has(page)),
        []
      )
    }
  }).pipe(Effect.provide(layer))
)

/** A world whose guest has worked a while, and is at rest. */
const atRest = (seed: number) =>
  Effect.gen(function* () {
    const all = yield* world(seed)
    for (const bank of [0, 1, 2, 3]) yield* all.workload.submitTo(bank, 5)
    yield* rest(all)
    assert.deepStrictEqual(yield* audit(all), [])
    return all
  })

/** Lets the guest's writes of one register go through `change`: to nothing, or to several. */
const tamper = ({ attached, driver }: World, at: number, change: (value: number) => ReadonlyArray<number>): void => {
  attached.driver = {
    writeRegister: (bar, offset, value) =>
      Effect.forEach(
        bar === 0 && offset === at ? change(value) : [value],
        (each) => driver.writeRegister(bar, offset, each),
        {
          discard: true
        }
      )
  }
}

/** A state part in which the ring at `base` has one request less: base, configuration, head and tail stand behind each other. */
const shortened = (part: Uint8Array, base: bigint): Uint8Array => {
  const bytes = Buffer.from(part)
  const wanted = Buffer.alloc(8)
  wanted.writeBigUInt64LE(base)
  const tail = bytes.indexOf(wanted) + 16
  bytes.writeUInt32LE(bytes.readUInt32LE(tail) - 128, tail)
  return bytes
}

describe("planted faults are caught by the ledger, with ring and index", () => {
  it.live("a lost tail", () =>
    Effect.gen(function* () {
      const all = yield* atRest(2)
      tamper(all, ringOffset(1, 0, "TAIL"), () => [])
      yield* all.workload.submitTo(1, 2)
      yield* rest(all)
      assert.deepStrictEqual(yield* audit(all), [{ fault: "lost tail", bank: 1, ring: 0, index: 5 }])
    }).pipe(Effect.provide(layer))
  )

  it.live("a doubled doorbell", () =>
    Effect.gen(function* () {
      const all = yield* atRest(3)
      tamper(all, ringOffset(1, 0, "TAIL"), (value) => [value, value + 128])
      yield* all.workload.submitTo(1, 1)
      yield* all.driver.vf.until(({ device }) => device?.banks[1]?.placed === 7)
      yield* rest(all)
      const findings = yield* audit(all)
      assert.deepInclude(findings, { fault: "doubled doorbell", bank: 1, ring: 0, index: 6 })
    }).pipe(Effect.provide(layer))
  )

  it.live("a lost interrupt", () =>
    Effect.gen(function* () {
      const all = yield* atRest(4)
      all.workload.missInterrupts = 1
      yield* all.workload.submitTo(3, 1)
      yield* all.driver.vf.until(({ device }) => device?.banks[3]?.placed === 6)
      yield* rest(all)
      assert.deepStrictEqual(yield* audit(all), [{ fault: "lost interrupt", bank: 3, ring: 1, index: 5 }])
    }).pipe(Effect.provide(layer))
  )

  it.live("a tail that was lost on the way to the destination", () =>
    Effect.gen(function* () {
      const all = yield* atRest(5)
      yield* migrate(all, "s5-1", {
        standing: all.workload.submitTo(1, 3),
        inTransit: (bytes) => shortened(bytes, all.pairs[1]?.requests ?? 0n)
      })
      yield* rest(all)
      const findings = yield* audit(all)
      assert.deepInclude(findings, { fault: "lost tail", bank: 1, ring: 0, index: 7 })
    }).pipe(Effect.provide(layer))
  )
})

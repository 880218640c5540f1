/** What a bank serves may change while its engine waits: the next request is what the map says then. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { configure, layer } from "../driver/hosts.ts"
import { openDevice, serviceMaps } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

it.scoped("an idle bank that becomes asymmetric reads requests of 64 bytes", () =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 16)
    const { driver, pf } = yield* openDevice("17", memory.dma)
    const pair = new RingPair(attach(driver, memory), 0)
    yield* pair.setup
    yield* pair.submit([new Uint8Array(128).fill(1)])
    yield* driver.vf.until(({ device }) => device?.banks[0]?.placed === 1)
    yield* pf.ask(configure({ svcmap: serviceMaps.mixed }))
    yield* pair.submit([new Uint8Array(128).fill(1)])
    const { device } = yield* driver.vf.until((state) => (state.device?.banks[0]?.placed ?? 0) > 1)
    assert.strictEqual(device?.banks[0]?.placed, 3)
  }).pipe(Effect.provide(layer))
)

/** Rates under SLAs, over a second or two of a clock that only the test moves. */
import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@stopcopy/qat"
import { gen4Maxima, type Maxima, RateLimiter, SlaService, slaServiceOf } from "../../src/engine/RateLimit.ts"
import { randomFrom } from "../support/Fuzz.ts"

type Sla = Block.Sla

const second = 1_000_000
/** 10,000 operations, 400 MB and 100 MB a second. */
const maxima: Maxima = [10_000, 400_000_000, 100_000_000]

const sla = (ringPairMask: bigint, cir: number, pir: number, service: number = SlaService.compression): Sla => ({
  service,
  ringPairMask,
  cir,
  pir
})

/** A ring pair that always has a request waiting. */
interface Load {
  readonly bank: number
  readonly bytes: number
  readonly service?: number
  /** Microseconds during which it asks; all the time if nothing is said. */
  readonly from?: number
  readonly until?: number
}

/** What each load got done in every tenth of a second: bytes, or operations. */
type Done = ReadonlyArray<ReadonlyArray<number>>

/** Runs the loads against `limiter`. Each asks when it was told to, or a microsecond after its last request went. */
const simulate = (
  limiter: RateLimiter,
  loads: ReadonlyArray<Load>,
  slasAt: (now: number) => ReadonlyArray<Sla>,
  length: number = second,
  late: () => number = () => 0
): Done => {
  const next = loads.map(({ from = 0 }) => from)
  const done = loads.map(() => Array.from({ length: Math.ceil(length / (second / 10)) }, () => 0))
  for (;;) {
    const now = Math.min(...next)
    if (now >= length) return done
    const index = next.indexOf(now)
    const load = loads[index]
    if (load === undefined) return done
    const { bank, bytes, service = SlaService.compression, until = length } = load
    if (now >= until) {
      next[index] = length
      continue
    }
    const again = limiter.take(slasAt(now), bank, service, bytes, now)
    if (again === undefined) {
      const row = done[index] ?? []
      const tenth = Math.floor(now / (second / 10))
      row[tenth] = (row[tenth] ?? 0) + (service === SlaService.asymmetric ? 1 : bytes)
    } else assert.isAbove(again, now)
    next[index] = (again ?? now + 1) + (again === undefined ? 0 : late())
  }
}

const sum = (row: ReadonlyArray<number> | undefined): number => (row ?? []).reduce((total, each) => total + each, 0)

/** Asserts that `found` is `expected` within 10 %. */
const assertNear = (found: number, expected: number): void => {
  assert.isAtLeast(found, 0.9 * expected)
  assert.isAtMost(found, 1.1 * expected)
}

describe("one leaf", () => {
  for (const pir of [1, 10, 100, 500, 1000]) {
    for (const bytes of pir > 100 ? [4096, 65_536] : [512, 4096, 65_536]) {
      it(`PIR ${pir}, requests of ${bytes} bytes: that rate over a second, and not much more in a tenth`, () => {
        const slas = [sla(0b10n, 0, pir)]
        const [row] = simulate(new RateLimiter(maxima), [{ bank: 1, bytes }], () => slas, 2 * second)
        const rate = (maxima[2] * pir) / 1000
        // A second may end just before a request that it had almost enough for.
        assert.isAtLeast(sum(row), 0.9 * 2 * rate - bytes)
        for (const tenth of row ?? []) assert.isAtMost(tenth, 0.122 * rate + bytes)
        assert.isAtMost(sum(row?.slice(0, 10)), 1.1 * rate + bytes)
      })
    }
  }

  it("keeps its rate when it is told late each time", () => {
    const slas = [sla(1n, 0, 200)]
    const random = randomFrom(3)
    const [row] = simulate(
      new RateLimiter(maxima),
      [{ bank: 0, bytes: 16_384 }],
      () => slas,
      second,
      () => random(5000)
    )
    assertNear(sum(row), 20_000_000)
  })

  it("counts operations for asymmetric requests, whatever their size", () => {
    const slas = [sla(1n, 0, 250, SlaService.asymmetric)]
    const load = { bank: 0, bytes: 1 << 20, service: SlaService.asymmetric }
    assertNear(sum(simulate(new RateLimiter(maxima), [load], () => slas)[0]), 2500)
  })

  it("has the rate of a GEN4 device if nothing else is said", () => {
    const slas = [sla(1n, 0, 10)]
    const [row] = simulate(new RateLimiter(), [{ bank: 0, bytes: 65_536 }], () => slas)
    assertNear(sum(row), gen4Maxima[2] / 100)
    assert.strictEqual(gen4Maxima[2], 5_625_000_000)
  })

  it("its ring pairs share its rate", () => {
    const slas = [sla(0b1100_0001_0000n, 0, 300)]
    const loads = [4, 10, 11].map((bank) => ({ bank, bytes: 8192 }))
    const done = simulate(new RateLimiter(maxima), loads, () => slas)
    assertNear(
      done.reduce((total, row) => total + sum(row), 0),
      30_000_000
    )
    for (const row of done) assertNear(sum(row), 10_000_000)
  })

  it("a request larger than the bucket goes, and the rate holds", () => {
    const slas = [sla(1n, 0, 10)]
    const limiter = new RateLimiter(maxima)
    const huge = 3_000_000
    assert.isUndefined(limiter.take(slas, 0, SlaService.compression, huge, 0))
    const again = limiter.take(slas, 0, SlaService.compression, huge, 1) ?? 0
    assertNear(again, 3 * second)
    assert.isDefined(limiter.take(slas, 0, SlaService.compression, huge, again - 2))
    assert.isUndefined(limiter.take(slas, 0, SlaService.compression, huge, again))
  })

  it("of rate 0 lets nothing through, and is asked again in a second", () => {
    const limiter = new RateLimiter(maxima)
    const none = [sla(1n, 0, 0)]
    assert.strictEqual(limiter.take(none, 0, SlaService.compression, 1, 5), 5 + second)
    assert.isUndefined(limiter.take([sla(1n, 0, 1)], 1, SlaService.compression, 1, 6))
  })
})

describe("several leaves", () => {
  const shares = (slas: ReadonlyArray<Sla>, loads: ReadonlyArray<Load>): ReadonlyArray<number> =>
    simulate(new RateLimiter(maxima), loads, () => slas).map(sum)

  it("that saturate the device have their CIR at least, and the device's rate together", () => {
    const slas = [sla(1n, 600, 1000), sla(0b10n, 300, 1000), sla(0b100n, 0, 1000)]
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0]
    ]) {
      const loads = order.map((bank) => ({ bank, bytes: 4096 * (1 + bank) }))
      const got = shares(slas, loads)
      assertNear(
        got.reduce((total, each) => total + each, 0),
        100_000_000
      )
      assert.isAtLeast(got[order.indexOf(0)] ?? 0, 0.9 * 60_000_000)
      assert.isAtLeast(got[order.indexOf(1)] ?? 0, 0.9 * 30_000_000)
    }
  })

  it("have equal shares of what is not promised, whoever asks first and however large the requests are", () => {
    const slas = [sla(1n, 200, 1000), sla(0b10n, 100, 1000), sla(0b100n, 0, 1000), sla(0b1000n, 0, 50)]
    const sizes = [4096, 65_536, 16_384, 512]
    const got = shares(
      slas,
      sizes.map((bytes, bank) => ({ bank, bytes }))
    )
    // 700 permille are left; the last leaf is held at 50 by its PIR, the others have 217 each.
    for (const [bank, rate] of [41.7, 31.7, 21.7, 5].entries()) assertNear(got[bank] ?? 0, rate * 1_000_000)
  })

  it("one that stays away when its turn comes holds nobody up for long", () => {
    const slas = [sla(1n, 0, 1000), sla(0b10n, 0, 1000)]
    const limiter = new RateLimiter(maxima)
    const loads = [
      { bank: 0, bytes: 8192 },
      { bank: 1, bytes: 8192, until: second / 10 }
    ]
    const [stays] = simulate(limiter, loads, () => slas)
    // Half of a tenth, and of what the bucket held.
    assertNear(sum(stays?.slice(0, 1)), 6_000_000)
    for (const tenth of stays?.slice(1) ?? []) assertNear(tenth, 10_000_000)
  })

  it("with the whole device promised have just their CIR", () => {
    const slas = [sla(1n, 750, 1000), sla(0b10n, 250, 1000)]
    const got = shares(slas, [
      { bank: 0, bytes: 65_536 },
      { bank: 1, bytes: 1024 }
    ])
    assertNear(got[0] ?? 0, 75_000_000)
    assertNear(got[1] ?? 0, 25_000_000)
  })

  it("promised more than there is get it in part, each alike", () => {
    const slas = [sla(1n, 900, 1000), sla(0b10n, 600, 1000)]
    const got = shares(slas, [
      { bank: 0, bytes: 8192 },
      { bank: 1, bytes: 8192 }
    ])
    assertNear(got[0] ?? 0, 60_000_000)
    assertNear(got[1] ?? 0, 40_000_000)
  })

  it("up to its PIR a leaf takes what others leave, and gives it back when they come", () => {
    const slas = [sla(1n, 200, 900), sla(0b10n, 800, 1000)]
    const [first, other] = simulate(
      new RateLimiter(maxima),
      [
        { bank: 0, bytes: 8192 },
        { bank: 1, bytes: 8192, from: second }
      ],
      () => slas,
      2 * second
    )
    assertNear(sum(first?.slice(0, 10)), 90_000_000)
    assertNear(sum(first?.slice(10)), 20_000_000)
    assertNear(sum(other?.slice(10)), 80_000_000)
  })

  it("of different services do not take from each other", () => {
    const slas = [sla(1n, 500, 1000), sla(0b10n, 500, 1000, SlaService.symmetric)]
    const got = shares(slas, [
      { bank: 0, bytes: 8192 },
      { bank: 1, bytes: 8192, service: SlaService.symmetric }
    ])
    assertNear(got[0] ?? 0, 100_000_000)
    assertNear(got[1] ?? 0, 400_000_000)
  })

  it("one that idled has no more than a burst saved up", () => {
    const slas = [sla(1n, 100, 500)]
    const [row] = simulate(
      new RateLimiter(maxima),
      [{ bank: 0, bytes: 4096, from: 9 * second }],
      () => slas,
      10 * second
    )
    assertNear(sum(row), 50_000_000)
    assert.isAtMost(row?.[90] ?? 0, 0.122 * 50_000_000)
  })
})

describe("without an SLA", () => {
  it("nothing is limited: no SLAs, another ring pair, another service, a service that has none", () => {
    const limiter = new RateLimiter(maxima)
    for (let turn = 0; turn < 1000; turn++) {
      assert.isUndefined(limiter.take([], 0, SlaService.compression, 1 << 30, 0))
      const slas = [sla(1n, 0, 1), { service: 3, ringPairMask: 4n, cir: 1, pir: 1 }]
      assert.isUndefined(limiter.take(slas, 1, SlaService.compression, 1 << 30, 0))
      assert.isUndefined(limiter.take(slas, 0, SlaService.symmetric, 1 << 30, 0))
      assert.isUndefined(limiter.take(slas, 2, 3, 1 << 30, 0))
    }
  })

  it("service types name their SLA service", () => {
    assert.deepStrictEqual([3, 4, 9, 0, 7].map(slaServiceOf), [0, 1, 2, undefined, undefined])
  })
})

describe("SLAs that change while requests run", () => {
  it("a new rate holds from then on, an SLA that goes leaves no limit, one that comes limits", () => {
    const phases = [[sla(1n, 0, 100)], [sla(1n, 0, 400)], [sla(1n, 0, 50)], []]
    const limiter = new RateLimiter(maxima)
    const [row] = simulate(
      limiter,
      [{ bank: 0, bytes: 8192, until: 3 * second + 10_000 }],
      (now) => phases[Math.floor(now / second)] ?? [],
      4 * second
    )
    for (const [phase, rate] of [10, 40, 5].entries()) {
      assertNear(sum(row?.slice(10 * phase, 10 * phase + 10)), rate * 1_000_000)
    }
    // One request a microsecond, once the last wait is over: nothing holds it up.
    assert.isAbove(sum(row?.slice(30)), 8000 * 8192)
  })

  it("an equal set of other identity, as a replay makes, gives no new burst", () => {
    const limiter = new RateLimiter(maxima)
    const [row] = simulate(limiter, [{ bank: 0, bytes: 8192 }], () => [sla(1n, 0, 100)])
    assertNear(sum(row), 10_000_000)
  })

  it("a clock that goes back lets nothing more through", () => {
    const limiter = new RateLimiter(maxima)
    const slas = [sla(1n, 0, 10)]
    assert.isUndefined(limiter.take(slas, 0, SlaService.compression, 500_000, second))
    const again = limiter.take(slas, 0, SlaService.compression, 1, 0)
    assert.isAbove(again ?? 0, 0)
    assert.isDefined(limiter.take(slas, 0, SlaService.compression, 1, second))
  })
})

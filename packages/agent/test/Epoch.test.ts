/** The rules of epochs, as functions of values. */
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { Epochs } from "@stopcopy/agent"

const record = (epoch: number, standing: Epochs.Standing, digest: string | null = null): Epochs.EpochRecord => ({
  epoch,
  standing,
  digest
})
const tagOf = (decided: Either.Either<unknown, { readonly _tag: string }>): string =>
  Either.isRight(decided) ? "ok" : decided.left._tag

describe("judge", () => {
  it("lets a call pass under the recorded epoch of a device that holds it, and no other", () => {
    const cases = [
      [4, "held", "StaleEpoch"],
      [5, "held", "ok"],
      [6, "held", "EpochConflict"],
      [5, "granted", "EpochConflict"],
      [5, "fenced", "EpochConflict"],
      [4, "fenced", "StaleEpoch"]
    ] as const
    for (const [called, standing, expected] of cases) {
      assert.strictEqual(tagOf(Epochs.judge("vf", record(5, standing), called)), expected, `${called} ${standing}`)
    }
  })

  it("lets a reset pass whatever the standing, under the recorded epoch", () => {
    for (const standing of Epochs.Standing.literals) {
      assert.strictEqual(tagOf(Epochs.judgeNumber("vf", record(5, standing), 5)), "ok")
      assert.strictEqual(tagOf(Epochs.judgeNumber("vf", record(5, standing), 4)), "StaleEpoch")
    }
  })
})

describe("votes and fences", () => {
  it("a vote is for a higher epoch; the same again is the same answer; another one for the same epoch is refused", () => {
    const granted = record(6, "granted", "d")
    assert.deepStrictEqual(Epochs.grant("vf", record(5, "held"), 6, "d"), Either.right(granted))
    assert.deepStrictEqual(Epochs.grant("vf", granted, 6, "d"), Either.right(granted))
    assert.strictEqual(tagOf(Epochs.grant("vf", granted, 6, "other")), "EpochConflict")
    assert.strictEqual(tagOf(Epochs.grant("vf", record(5, "held"), 5, "d")), "EpochConflict")
    assert.strictEqual(tagOf(Epochs.grant("vf", record(5, "held"), 4, "d")), "StaleEpoch")
  })

  it("only what was granted is adopted", () => {
    assert.deepStrictEqual(Epochs.adopt("vf", record(6, "granted", "d"), 6), Either.right(record(6, "held")))
    assert.deepStrictEqual(Epochs.adopt("vf", record(6, "held"), 6), Either.right(record(6, "held")))
    assert.strictEqual(tagOf(Epochs.adopt("vf", record(6, "fenced"), 6)), "EpochConflict")
    assert.strictEqual(tagOf(Epochs.adopt("vf", record(6, "granted"), 7)), "EpochConflict")
    assert.strictEqual(tagOf(Epochs.adopt("vf", record(6, "granted"), 5)), "StaleEpoch")
  })

  it("a fence withdraws a vote at its epoch, and ends what is held at a higher one only", () => {
    assert.deepStrictEqual(Epochs.fence("vf", record(6, "granted", "d"), 6), Either.right(record(6, "fenced")))
    assert.deepStrictEqual(Epochs.fence("vf", record(5, "held"), 6), Either.right(record(6, "fenced")))
    assert.deepStrictEqual(Epochs.fence("vf", record(6, "fenced"), 6), Either.right(record(6, "fenced")))
    assert.strictEqual(tagOf(Epochs.fence("vf", record(6, "held"), 6)), "EpochConflict")
    assert.strictEqual(tagOf(Epochs.fence("vf", record(6, "held"), 5)), "StaleEpoch")
  })

  it("a reset withdraws a vote and leaves the rest", () => {
    assert.deepStrictEqual(Epochs.afterReset(record(6, "granted", "d")), record(6, "fenced"))
    for (const standing of ["held", "fenced"] as const) {
      assert.deepStrictEqual(Epochs.afterReset(record(6, standing)), record(6, standing))
    }
  })
})

const step = FastCheck.record({
  side: FastCheck.constantFrom(0, 1),
  kind: FastCheck.constantFrom("grant", "adopt", "fence"),
  epoch: FastCheck.integer({ min: 0, max: 6 })
})

describe("over any calls", () => {
  it("an epoch never falls, and one that was fenced is never held", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { maxLength: 40 }), (steps) => {
        let now = Epochs.initial
        const fenced = new Set<number>()
        for (const { epoch, kind } of steps) {
          const decided =
            kind === "grant"
              ? Epochs.grant("vf", now, epoch, null)
              : kind === "adopt"
                ? Epochs.adopt("vf", now, epoch)
                : Epochs.fence("vf", now, epoch)
          const after = Either.getOrElse(decided, () => now)
          assert.isAtLeast(after.epoch, now.epoch)
          if (after.standing === "fenced") fenced.add(after.epoch)
          assert.isFalse(after.standing === "held" && fenced.has(after.epoch))
          now = after
        }
      })
    )
  })

  it("two sides hold the same epoch never, when each fences the source before it adopts", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { maxLength: 40 }), (steps) => {
        const sides = [Epochs.initial, Epochs.fence("vf", Epochs.initial, 1).pipe(Either.getOrThrow)]
        for (const { epoch, side } of steps) {
          const [own, other] = [sides[side] ?? Epochs.initial, sides[1 - side] ?? Epochs.initial]
          const granted = Epochs.grant("vf", own, epoch, null)
          const fenced = Epochs.fence("vf", other, epoch)
          if (Either.isLeft(granted) || Either.isLeft(fenced)) continue
          sides[1 - side] = fenced.right
          sides[side] = Either.getOrThrow(Epochs.adopt("vf", granted.right, epoch))
          assert.isFalse(sides.every(({ standing }) => standing === "held"))
        }
      })
    )
  })
})

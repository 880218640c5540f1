/** Guest memory: sparse, exact about dirty pages, and refusing what it does not have. */
import { assert, describe, it } from "@effect/vitest"
import { AddressSpace, Arena, GuestMemory, pageBytes, sparse, type Storage } from "@stopcopy/vmm"
import { Effect, Either } from "effect"

const base = 0x10_0000n
const size = 64 << 20
const page = BigInt(pageBytes)

const memoryOf = (
  ...places: ReadonlyArray<{ readonly address: bigint; readonly size: number; readonly storage?: Storage }>
) => Effect.runSync(GuestMemory.make(places))

const assertRight = <A, E>(answer: Either.Either<A, E>, expected: A): void =>
  assert.deepStrictEqual(Effect.runSync(answer), expected)

const errnoOf = <A, E extends { readonly _tag: string }>(answer: Either.Either<A, E>): string =>
  Either.match(answer, { onLeft: ({ _tag }) => _tag, onRight: () => "done" })

describe("bytes", () => {
  it("are zero until written, and nothing is allocated before", () => {
    const storage = sparse()
    const memory = memoryOf({ address: base, size, storage })
    assertRight(memory.read(base + 12_345n, 4), new Uint8Array(4))
    assertRight(memory.write(base, new Uint8Array(1 << 20)), undefined)
    assert.deepStrictEqual([...(storage.resident?.() ?? [])], [])
    assert.lengthOf(memory.residentPages, 0)
    assertRight(memory.write(base + 65_535n, Uint8Array.of(1, 2)), undefined)
    assert.deepStrictEqual([...(storage.resident?.() ?? [])], [0, 65_536])
    assertRight(memory.read(base + 65_534n, 4), Uint8Array.of(0, 1, 2, 0))
    assert.lengthOf(memory.residentPages, 32)
  })

  it("are numbers, little endian", () => {
    const memory = memoryOf({ address: base, size })
    assertRight(memory.writeU32(base + 8n, 0xdead_beef), undefined)
    assertRight(memory.writeU64(base + 16n, 0x0123_4567_89ab_cdefn), undefined)
    assertRight(memory.read(base + 8n, 4), Uint8Array.of(0xef, 0xbe, 0xad, 0xde))
    assertRight(memory.readU32(base + 8n), 0xdead_beef)
    assertRight(memory.readU64(base + 16n), 0x0123_4567_89ab_cdefn)
  })

  it("outside of memory are refused, and nothing is written", () => {
    const memory = memoryOf({ address: base, size: pageBytes })
    assert.strictEqual(errnoOf(memory.read(base - 1n, 2)), "EFAULT")
    assert.strictEqual(errnoOf(memory.write(base + page - 1n, Uint8Array.of(1, 2))), "EFAULT")
    assertRight(memory.read(base + page - 1n, 1), new Uint8Array(1))
    assert.strictEqual(errnoOf(memory.readU32(base + page)), "EFAULT")
    const refused = memory.read(1n << 60n, 1)
    assert.include(Either.isLeft(refused) ? refused.left.message : "", "0x1000000000000000 + 1")
  })

  it("lie in whole pages that do not overlap", () => {
    assert.strictEqual(errnoOf(GuestMemory.make([{ address: base, size: 100 }])), "EINVAL")
    assert.strictEqual(errnoOf(GuestMemory.make([{ address: base + 1n, size: pageBytes }])), "EINVAL")
    assert.strictEqual(errnoOf(GuestMemory.make([{ address: base, size: 0 }])), "EINVAL")
    const twice = [
      { address: base, size: 2 * pageBytes },
      { address: base + page, size: pageBytes }
    ]
    assert.strictEqual(errnoOf(GuestMemory.make(twice)), "EEXIST")
  })
})

describe("dirty pages", () => {
  it("are those that were written since they were taken, by whomever", () => {
    const memory = memoryOf({ address: base, size }, { address: 0n, size: pageBytes })
    const space = Effect.runSync(AddressSpace.make(memory))
    Effect.runSync(memory.write(base, Uint8Array.of(1)))
    assertRight(memory.takeDirty(base, size), [])
    memory.startTracking()
    assert.isTrue(memory.isTracking)
    Effect.runSync(memory.write(base + 7n * page - 1n, Uint8Array.of(1, 2)))
    Effect.runSync(space.dma.write(base + 100n * page, new Uint8Array(pageBytes)))
    Effect.runSync(memory.write(0n, Uint8Array.of(1)))
    Effect.runSync(memory.write(base + 3n, new Uint8Array(0)))
    assertRight(memory.takeDirty(base + 7n * page, pageBytes), [base + 7n * page])
    assertRight(memory.takeDirty(0n, Number(base) + size), [0n, base + 6n * page, base + 100n * page])
    assertRight(memory.takeDirty(0n, Number(base) + size), [])
    assert.strictEqual(errnoOf(memory.takeDirty(base + 1n, pageBytes)), "EINVAL")
    memory.stopTracking()
    Effect.runSync(memory.write(base, Uint8Array.of(1)))
    assertRight(memory.takeDirty(base, size), [])
  })

  it("are exact for random writes", () => {
    const memory = memoryOf({ address: base, size: 1 << 20 })
    const expected = new Set<bigint>()
    memory.startTracking()
    // A generator of Lehmer: the same writes in every run.
    for (let [round, seed] = [0, 1]; round < 400; round++, seed = (seed * 48_271) % 2_147_483_647) {
      const [offset, length] = [seed % (1 << 20), Math.min(1 + (seed % 9000), (1 << 20) - (seed % (1 << 20)))]
      Effect.runSync(memory.write(base + BigInt(offset), new Uint8Array(length)))
      for (let at = Math.floor(offset / pageBytes); at <= Math.floor((offset + length - 1) / pageBytes); at++) {
        expected.add(base + BigInt(at) * page)
      }
      if (round % 20 !== 19) continue
      assertRight(
        memory.takeDirty(base, 1 << 20),
        [...expected].toSorted((one, other) => Number(one - other))
      )
      expected.clear()
    }
  })

  it("are copied to the same guest elsewhere", () => {
    const [here, there] = [memoryOf({ address: base, size }), memoryOf({ address: base, size: 2 * pageBytes })]
    Effect.runSync(here.writeU32(base + page, 7))
    assertRight(here.copyPages([base + page], there), undefined)
    assertRight(there.readU32(base + page), 7)
    assert.strictEqual(errnoOf(here.copyPages([base + 5n * page], there)), "EFAULT")
  })
})

it("an arena gives aligned pieces until nothing is left", () => {
  const arena = new Arena({ address: 0x1000n, size: 0x1000 })
  assertRight(arena.take(10), 0x1000n)
  assertRight(arena.take(0x100, 0x400), 0x1400n)
  const refused = arena.take(0x1000)
  assert.strictEqual(errnoOf(refused), "ENOMEM")
  assertRight(arena.take(0xb00), 0x1500n)
})

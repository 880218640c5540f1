/** Maps of I/O addresses: what is refused and why, and accesses through one mapping, several, and none. */
import { EFAULT } from "@stopcopy/errno"
import { assert, describe, it } from "@effect/vitest"
import { type DmaFault, IoAddressSpace } from "@stopcopy/vfio"
import { Effect, Either, FastCheck } from "effect"

const page = 4096n

interface Memory extends IoAddressSpace.Backing {
  readonly bytes: Uint8Array
  readonly closed: () => number
}

/** Memory that answers at once, or in a fiber. */
const memory = (size: bigint, later = false): Memory => {
  const bytes = new Uint8Array(Number(size))
  let closed = 0
  const answer = <A>(make: () => A): Effect.Effect<A> => (later ? Effect.sync(make) : Either.right(make()))
  return {
    bytes,
    closed: () => closed,
    read: (offset, length) => answer(() => bytes.subarray(offset, offset + length)),
    write: (offset, data) => answer(() => bytes.set(data, offset)),
    close: () => {
      closed++
    }
  }
}

const mapped = (address: bigint, size: bigint, protection = { read: true, write: true }, later = false) => {
  const backing = memory(size, later)
  return { ...protection, address, size, backing }
}

const errnoOf = (result: Either.Either<void, { readonly _tag: string }>): string =>
  Either.match(result, { onLeft: ({ _tag }) => _tag, onRight: () => "mapped" })

const faultOf = (effect: Effect.Effect<unknown, DmaFault>): string => {
  const result = Effect.runSync(Effect.either(effect))
  return Either.isLeft(result)
    ? `${result.left.direction} 0x${result.left.address.toString(16)} + ${result.left.length}`
    : "no fault"
}

describe("maps", () => {
  const cases: ReadonlyArray<readonly [name: string, address: bigint, size: bigint, answer: string]> = [
    ["a page", 0x10000n, page, "mapped"],
    ["before another", 0x3000n, page, "mapped"],
    ["behind another", 0x6000n, page, "mapped"],
    ["the identical range", 0x4000n, 2n * page, "EEXIST"],
    ["the same start", 0x4000n, page, "EEXIST"],
    ["the same end", 0x5000n, page, "EEXIST"],
    ["around another", 0x3000n, 4n * page, "EEXIST"],
    ["into another", 0x3000n, 2n * page, "EEXIST"],
    ["out of another", 0x5000n, 2n * page, "EEXIST"],
    ["no byte", 0x10000n, 0n, "EINVAL"],
    ["an address inside a page", 0x10001n, page, "EINVAL"],
    ["part of a page", 0x10000n, 100n, "EINVAL"],
    ["up to the end of the space", 2n ** 64n - page, page, "mapped"],
    ["past the end of the space", 2n ** 64n - page, 2n * page, "EINVAL"],
    ["as large as allowed", 0x10000n, 1n << 43n, "mapped"],
    ["larger than allowed", 0x10000n, (1n << 43n) + page, "ENOSPC"]
  ]
  for (const [name, address, size, answer] of cases) {
    it(`${name}: ${answer}`, () => {
      const space = IoAddressSpace.make()
      assert.strictEqual(errnoOf(space.map(mapped(0x4000n, 2n * page))), "mapped")
      const backing = { ...memory(0n), size }
      assert.strictEqual(errnoOf(space.map({ read: true, write: true, address, size, backing })), answer)
      assert.strictEqual(space.mappings.length, answer === "mapped" ? 2 : 1)
    })
  }

  it("one more than the limit is EINVAL, and fits after an unmap", () => {
    const space = IoAddressSpace.make({ ...IoAddressSpace.defaultLimits, maxMappings: 2 })
    assert.strictEqual(errnoOf(space.map(mapped(0n, page))), "mapped")
    assert.strictEqual(errnoOf(space.map(mapped(page, page))), "mapped")
    assert.strictEqual(errnoOf(space.map(mapped(2n * page, page))), "EINVAL")
    assert.strictEqual(errnoOf(space.unmap(0n, page)), "mapped")
    assert.strictEqual(errnoOf(space.map(mapped(2n * page, page))), "mapped")
  })

  it("pages may be larger, or of no matter", () => {
    const huge = IoAddressSpace.make({ ...IoAddressSpace.defaultLimits, pageSizes: 0x20_0000n })
    assert.strictEqual(errnoOf(huge.map(mapped(page, page))), "EINVAL")
    const free = IoAddressSpace.make({ ...IoAddressSpace.defaultLimits, pageSizes: 0n })
    assert.strictEqual(errnoOf(free.map(mapped(1n, 3n))), "mapped")
  })

  it("unmapping names one whole mapping and closes its backing once", () => {
    const space = IoAddressSpace.make()
    const [first, second] = [mapped(0n, page), mapped(page, page)]
    space.map(first)
    space.map(second)
    for (const [address, size] of [
      [0n, 2n * page],
      [0n, 100n],
      [2n * page, page]
    ] as const) {
      assert.strictEqual(errnoOf(space.unmap(address, size)), "ENOENT")
    }
    assert.strictEqual(errnoOf(space.unmap(0n, page)), "mapped")
    space.unmapAll()
    assert.deepStrictEqual([first.backing.closed(), second.backing.closed(), space.mappings.length], [1, 1, 0])
  })
})

describe("accesses", () => {
  const adjacent = (later: boolean) => {
    const space = IoAddressSpace.make()
    const parts = [mapped(0n, page, undefined, later), mapped(page, page), mapped(2n * page, page, undefined, later)]
    for (const part of parts.toReversed()) space.map(part)
    return { space, parts }
  }

  for (const later of [false, true]) {
    it(`span adjacent mappings${later ? " that answer later" : ""}`, () => {
      FastCheck.assert(
        FastCheck.property(
          FastCheck.integer({ min: 0, max: 3 * 4096 - 1 }),
          FastCheck.uint8Array({ minLength: 0, maxLength: 9000 }),
          (address, bytes) => {
            const { parts, space } = adjacent(later)
            const data = bytes.subarray(0, 3 * 4096 - address)
            Effect.runSync(space.write(BigInt(address), data))
            const whole = new Uint8Array(3 * 4096)
            whole.set(data, address)
            parts.forEach(({ backing }, index) => {
              assert.deepStrictEqual(backing.bytes, whole.subarray(index * 4096, (index + 1) * 4096))
            })
            assert.deepStrictEqual(Effect.runSync(space.read(BigInt(address), data.byteLength)), data)
          }
        ),
        { numRuns: 30 }
      )
    })
  }

  it("are done at once when the memory is at hand", () => {
    const { space } = adjacent(false)
    assert.isTrue(Either.isEither(space.read(100n, 8000)) && Either.isEither(space.write(100n, new Uint8Array(8000))))
  })

  it("fault with the first address that is not mapped in their direction, and write nothing", () => {
    const space = IoAddressSpace.make()
    const first = mapped(0n, page)
    space.map(first)
    space.map(mapped(page, page, { read: true, write: false }))
    space.map(mapped(4n * page, page, { read: false, write: true }))
    const ones = new Uint8Array(200).fill(1)
    assert.strictEqual(faultOf(space.write(4000n, ones)), "write 0x1000 + 104")
    assert.isTrue(first.backing.bytes.every((byte) => byte === 0))
    assert.strictEqual(faultOf(space.mayWrite(4000n, 97)), "write 0x1000 + 1")
    assert.strictEqual(faultOf(space.mayWrite(4000n, 96)), "no fault")
    assert.strictEqual(faultOf(space.read(8100n, 200)), "read 0x2000 + 108")
    assert.strictEqual(faultOf(space.read(0x4000n, 1)), "read 0x4000 + 1")
    assert.strictEqual(faultOf(space.read(2n ** 64n - 1n, 4)), "read 0xffffffffffffffff + 4")
    assert.strictEqual(faultOf(space.read(0x9000n, 0)), "no fault")
  })

  it("a backing that fails is a fault at its part", () => {
    const space = IoAddressSpace.make()
    space.map(mapped(0n, page))
    const backing = { ...memory(page), read: () => Effect.fail(new EFAULT({})) }
    space.map({ address: page, size: page, read: true, write: true, backing })
    assert.strictEqual(faultOf(space.read(4000n, 200)), "read 0x1000 + 104")
  })
})

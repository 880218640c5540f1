/**
 * The I/O addresses that a user has mapped for a device, and the device's access through them. Sources: the DMA maps of
 * `drivers/vfio/vfio_iommu_type1.c`, DMA_MAP and DMA_UNMAP of QEMU `docs/interop/vfio-user.rst`.
 *
 * A1 Mappings never overlap, are whole pages, and do not pass the end of the address space.
 * A2 An access may span adjacent mappings. Before the first byte moves, every part is known to be mapped in its direction.
 * A3 An access whose backings answer with `Either`s is an `Either`.
 */
import type { EEXIST, EINVAL, ENOENT, ENOSPC, Errno } from "@stopcopy/errno"
import { Effect, Either } from "effect"
import { type DmaAccess, type DmaDirection, DmaFault } from "./Dma.ts"
import * as Refuse from "./internal/dmaRefusals.ts"
import { isNow } from "./Now.ts"

/** The memory behind a mapping. Offsets and lengths in bytes, inside the mapping: the space has checked them. */
export interface Backing {
  /** May give a view. */
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, Errno>
  /** All or nothing as far as it can be; one that fails half-way may have written a part. */
  readonly write: (offset: number, bytes: Uint8Array) => Effect.Effect<void, Errno>
  /** The mapping is gone; called once. */
  readonly close: () => void
}

/** What the device may do. */
export interface Protection {
  readonly read: boolean
  readonly write: boolean
}

/** `address` and `size` in bytes. */
export interface Mapping extends Protection {
  readonly address: bigint
  readonly size: bigint
  readonly backing: Backing
}

export interface Limits {
  /** A mask of page sizes in bytes: addresses and sizes are multiples of the smallest. 0n: nothing is checked. */
  readonly pageSizes: bigint
  /** Of one mapping, in bytes; below 2^53. */
  readonly maxSize: bigint
  readonly maxMappings: number
}

/** 4 KiB pages, 8 TiB a mapping, 65 535 mappings. */
export const defaultLimits: Limits = { pageSizes: 4096n, maxSize: 1n << 43n, maxMappings: 65_535 }

export interface IoAddressSpace extends DmaAccess {
  /**
   * `EINVAL`: no byte, not whole pages, past the end of the address space, one mapping too many; `ENOSPC`: larger than
   * the limit; `EEXIST`: overlaps a mapping, the identical one too. The space owns the backing from success on.
   */
  readonly map: (mapping: Mapping) => Either.Either<void, EINVAL | EEXIST | ENOSPC>
  /** What `map` would say, without mapping. */
  readonly check: (address: bigint, size: bigint) => Either.Either<void, EINVAL | EEXIST | ENOSPC>
  /** Ends the mapping of exactly this range. `ENOENT` for part of one, several, or none. */
  readonly unmap: (address: bigint, size: bigint) => Either.Either<void, ENOENT>
  readonly unmapAll: () => void
  /** The mapping of exactly this range. */
  readonly find: (address: bigint, size: bigint) => Mapping | undefined
  /** In the order of addresses. */
  readonly mappings: ReadonlyArray<Mapping>
}

/** An empty space. */
export const make = (limits: Limits = defaultLimits): IoAddressSpace => {
  const mappings: Array<Mapping> = []
  const check: IoAddressSpace["check"] = (address, size) => checkMapping(mappings, limits, address, size)
  const find: IoAddressSpace["find"] = (address, size) => {
    const found = mappings[indexOf(mappings, address)]
    return found?.address === address && found.size === size ? found : undefined
  }
  return {
    mappings,
    check,
    find,
    map: (mapping) =>
      Either.map(check(mapping.address, mapping.size), () => {
        mappings.splice(indexOf(mappings, mapping.address) + 1, 0, mapping)
      }),
    unmap: (address, size) => {
      const found = find(address, size)
      if (found === undefined) return Either.left(Refuse.notMapped(address, size))
      mappings.splice(mappings.indexOf(found), 1)
      found.backing.close()
      return Either.void
    },
    unmapAll: () => {
      for (const { backing } of mappings.splice(0)) backing.close()
    },
    read: (address, length) => readFrom(mappings, address, length),
    write: (address, bytes) => writeTo(mappings, address, bytes),
    mayWrite: (address, length) => Either.map(locate(mappings, address, length, "write"), () => undefined)
  }
}

/** The last mapping that starts at or below `address`; -1 if there is none. */
const indexOf = (mappings: ReadonlyArray<Mapping>, address: bigint): number => {
  let [low, high] = [0, mappings.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = mappings[middle]
    if (at !== undefined && at.address <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}

const checkMapping = (
  mappings: ReadonlyArray<Mapping>,
  limits: Limits,
  address: bigint,
  size: bigint
): Either.Either<void, EINVAL | EEXIST | ENOSPC> => {
  if (size === 0n) return Either.left(Refuse.noBytes(address))
  if (size > limits.maxSize) return Either.left(Refuse.tooLarge(size, limits.maxSize))
  if (address + size > Refuse.endOfSpace) return Either.left(Refuse.pastEnd(address, size))
  const smallestPage = limits.pageSizes & -limits.pageSizes
  if (smallestPage !== 0n && ((address | size) & (smallestPage - 1n)) !== 0n) {
    return Either.left(Refuse.unaligned(address, size, smallestPage))
  }
  const before = mappings[indexOf(mappings, address + size - 1n)]
  if (before !== undefined && before.address + before.size > address) {
    return Either.left(Refuse.overlapping(address, size, before))
  }
  return mappings.length >= limits.maxMappings ? Either.left(Refuse.tooMany(limits.maxMappings)) : Either.void
}

/** The part of an access that falls into one mapping. */
interface Part {
  readonly mapping: Mapping
  readonly address: bigint
  /** In the mapping. */
  readonly offset: number
  readonly length: number
}

const allows = (mapping: Mapping, direction: DmaDirection): boolean =>
  direction === "read" ? mapping.read : mapping.write

const locate = (
  mappings: ReadonlyArray<Mapping>,
  address: bigint,
  length: number,
  direction: DmaDirection
): Either.Either<ReadonlyArray<Part>, DmaFault> => {
  const parts: Array<Part> = []
  let [at, left, index] = [address, length, indexOf(mappings, address)]
  while (left > 0) {
    const mapping = mappings[index++]
    if (mapping === undefined || at < mapping.address || at >= mapping.address + mapping.size) {
      return Either.left(new DmaFault({ address: at, length: left, direction }))
    }
    if (!allows(mapping, direction)) return Either.left(new DmaFault({ address: at, length: left, direction }))
    const offset = Number(at - mapping.address)
    const part = Math.min(left, Number(mapping.size) - offset)
    parts.push({ mapping, address: at, offset, length: part })
    at += BigInt(part)
    left -= part
  }
  return Either.right(parts)
}

const nothing = new Uint8Array(0)

const readFrom = (mappings: ReadonlyArray<Mapping>, address: bigint, length: number): ReturnType<DmaAccess["read"]> => {
  const parts = locate(mappings, address, length, "read")
  if (Either.isLeft(parts)) return Either.left(parts.left)
  const [first] = parts.right
  if (first === undefined) return Either.right(nothing)
  if (parts.right.length === 1) return readPart(first)
  const whole = new Uint8Array(length)
  return inTurn(parts.right, readPart, (bytes, part) => whole.set(bytes, Number(part.address - address)), whole)
}

const readPart = (part: Part): Effect.Effect<Uint8Array, DmaFault> =>
  orFault(part.mapping.backing.read(part.offset, part.length), part, "read")

const writeTo = (
  mappings: ReadonlyArray<Mapping>,
  address: bigint,
  bytes: Uint8Array
): ReturnType<DmaAccess["write"]> => {
  const parts = locate(mappings, address, bytes.byteLength, "write")
  if (Either.isLeft(parts)) return Either.left(parts.left)
  const writePart = (part: Part): Effect.Effect<void, DmaFault> => {
    const from = Number(part.address - address)
    const piece = part.length === bytes.byteLength ? bytes : bytes.subarray(from, from + part.length)
    return orFault(part.mapping.backing.write(part.offset, piece), part, "write")
  }
  return inTurn(parts.right, writePart, () => undefined, undefined)
}

/** Runs the parts one after the other, without a fiber as long as they answer at once. */
const inTurn = <A, B>(
  parts: ReadonlyArray<Part>,
  run: (part: Part) => Effect.Effect<A, DmaFault>,
  take: (answer: A, part: Part) => void,
  result: B,
  from = 0
): Effect.Effect<B, DmaFault> => {
  for (let index = from; index < parts.length; index++) {
    const part = parts[index]
    if (part === undefined) continue
    const answer = run(part)
    if (!isNow(answer)) {
      return Effect.flatMap(answer, (value) => {
        take(value, part)
        return inTurn(parts, run, take, result, index + 1)
      })
    }
    if (Either.isLeft(answer)) return Either.left(answer.left)
    take(answer.right, part)
  }
  return Either.right(result)
}

const orFault = <A>(
  answer: Effect.Effect<A, Errno>,
  { address, length }: Part,
  direction: DmaDirection
): Effect.Effect<A, DmaFault> => {
  const fault = () => new DmaFault({ address, length, direction })
  return isNow(answer) ? Either.mapLeft(answer, fault) : Effect.mapError(answer, fault)
}

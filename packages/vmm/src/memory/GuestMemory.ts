/**
 * Guest physical memory: regions at addresses, written by the CPU and by devices, with the pages that were written. Source: memory slots and dirty logs of
 * KVM. Sizes and addresses in bytes, numbers little endian.
 *
 * G1 An access lies in one region, or in regions that touch for a device; otherwise it is `EFAULT` and nothing was accessed.
 * G2 While pages are tracked, every write that goes through here is noted, by whomever. A device that maps the file behind a region writes past this:
 *    then its DMA log says what it wrote, see `Dirty.ts`.
 * G3 `take` is one step: a page that is written after it is dirty again.
 */
import { EEXIST, EFAULT, EINVAL } from "@stopcopy/errno"
import type { IoAddressSpace } from "@stopcopy/vfio"
import { Either } from "effect"
import { because, hex } from "../internal/words.ts"
import { DirtyPages, pageBytes } from "./DirtyPages.ts"
import { pieceBytes, sparse, type Storage } from "./Storage.ts"

/** Where a region lies: whole pages. */
export interface Place {
  readonly address: bigint
  readonly size: number
}

export interface MemoryRegion extends Place {
  /** Default: sparse memory of this process. */
  readonly storage?: Storage
}

interface Region extends Place {
  readonly storage: Storage
  readonly dirty: DirtyPages
}

const showPlace = ({ address, size }: Place): string => `${hex(address)} + ${hex(size)}`

const outside = (address: bigint, length: number): EFAULT =>
  new EFAULT(
    because(
      "memory.outside",
      "an access lies in one region of guest memory",
      "address + length",
      `${hex(address)} + ${length}`,
      "a region",
      "access memory that the guest has"
    )
  )

const notPages = (place: Place): EINVAL =>
  new EINVAL(
    because(
      "memory.pages",
      "a range of guest memory is made of whole pages",
      "address + size",
      showPlace(place),
      `multiples of ${pageBytes}, at least one`,
      "align it"
    )
  )

const overlapping = (place: Place, other: Place): EEXIST =>
  new EEXIST(
    because(
      "memory.overlap",
      "regions do not overlap",
      "regions",
      showPlace(place),
      showPlace(other),
      "move one of them"
    )
  )

const isPages = ({ address, size }: Place): boolean =>
  size > 0 && size % pageBytes === 0 && address % BigInt(pageBytes) === 0n

const overlap = (one: Place, other: Place): boolean =>
  one.address < other.address + BigInt(other.size) && other.address < one.address + BigInt(one.size)

export class GuestMemory {
  private readonly all: ReadonlyArray<Region>
  private tracking = false

  private constructor(regions: ReadonlyArray<Region>) {
    this.all = regions
  }

  /** `EINVAL` for a region that is not whole pages, `EEXIST` for two that overlap. */
  static make(regions: ReadonlyArray<MemoryRegion>): Either.Either<GuestMemory, EINVAL | EEXIST> {
    for (const [index, region] of regions.entries()) {
      if (!isPages(region)) return Either.left(notPages(region))
      const other = regions.slice(0, index).find((earlier) => overlap(region, earlier))
      if (other !== undefined) return Either.left(overlapping(region, other))
    }
    return Either.right(
      new GuestMemory(
        regions.map(({ address, size, storage = sparse() }) => ({
          address,
          size,
          storage,
          dirty: new DirtyPages(size)
        }))
      )
    )
  }

  /** Where memory is, with the descriptor of its file if it has one. */
  get regions(): ReadonlyArray<Place & { readonly descriptor: number | undefined }> {
    return this.all.map(({ address, size, storage }) => ({ address, size, descriptor: storage.descriptor }))
  }

  /** What the device's accesses go to, region by region, for an `IoAddressSpace`. */
  get backings(): ReadonlyArray<Place & { readonly backing: IoAddressSpace.Backing }> {
    return this.all.map((region) => ({
      address: region.address,
      size: region.size,
      backing: {
        read: region.storage.read,
        write: (offset, bytes) => writeTo(region, offset, bytes),
        close: () => undefined
      }
    }))
  }

  private find(address: bigint, length: number): { readonly region: Region; readonly offset: number } | undefined {
    for (const region of this.all) {
      // One difference, as a number: where it is not exact it is far outside.
      const offset = Number(address - region.address)
      if (offset >= 0 && offset + length <= region.size) return { region, offset }
    }
    return undefined
  }

  /** A copy of `length` bytes from `address` on. */
  read(address: bigint, length: number): Either.Either<Uint8Array, EFAULT> {
    const found = this.find(address, length)
    return found === undefined ? Either.left(outside(address, length)) : found.region.storage.read(found.offset, length)
  }

  write(address: bigint, bytes: Uint8Array): Either.Either<void, EFAULT> {
    const found = this.find(address, bytes.length)
    return found === undefined
      ? Either.left(outside(address, bytes.length))
      : writeTo(found.region, found.offset, bytes)
  }

  readU32(address: bigint): Either.Either<number, EFAULT> {
    return Either.map(this.read(address, 4), (bytes) => viewOf(bytes).getUint32(0, true))
  }

  writeU32(address: bigint, value: number): Either.Either<void, EFAULT> {
    const view = new DataView(new ArrayBuffer(4))
    view.setUint32(0, value, true)
    return this.write(address, new Uint8Array(view.buffer))
  }

  readU64(address: bigint): Either.Either<bigint, EFAULT> {
    return Either.map(this.read(address, 8), (bytes) => viewOf(bytes).getBigUint64(0, true))
  }

  writeU64(address: bigint, value: bigint): Either.Either<void, EFAULT> {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, value, true)
    return this.write(address, new Uint8Array(view.buffer))
  }

  /** Whether writes are noted. */
  get isTracking(): boolean {
    return this.tracking
  }

  /** From now on writes are noted; no page is dirty yet. */
  startTracking(): void {
    this.tracking = true
    for (const { dirty } of this.all) dirty.start()
  }

  /** Writes are noted no more. */
  stopTracking(): void {
    this.tracking = false
    for (const { dirty } of this.all) dirty.stop()
  }

  /** Notes a write that did not go through here; what lies outside of memory is ignored. */
  mark(address: bigint, length: number): void {
    for (const region of this.all) {
      const start = Math.max(0, Number(address - region.address))
      const end = Math.min(region.size, Number(address - region.address) + length)
      if (start < end) region.dirty.mark(start, end - start)
    }
  }

  /** Addresses of the pages in a range that were written since they were last taken, ascending; they are clean again. `EINVAL` for parts of pages. */
  takeDirty(address: bigint, length: number): Either.Either<ReadonlyArray<bigint>, EINVAL> {
    if (!isPages({ address, size: length })) return Either.left(notPages({ address, size: length }))
    const pages = this.all.flatMap((region) => {
      const start = Math.max(0, Number(address - region.address))
      const end = Math.min(region.size, Number(address - region.address) + length)
      const offsets = start < end ? region.dirty.take(start, end - start) : []
      return offsets.map((offset) => region.address + BigInt(offset))
    })
    return Either.right(pages.sort((one, other) => (one < other ? -1 : one > other ? 1 : 0)))
  }

  /** Addresses of the pages that may hold anything but zeros: what a migration copies first. */
  get residentPages(): ReadonlyArray<bigint> {
    return this.all.flatMap(({ address, size, storage }) => {
      const pieces = storage.resident === undefined ? stepsTo(size, pieceBytes) : [...storage.resident()]
      return pieces
        .flatMap((piece) => stepsTo(Math.min(pieceBytes, size - piece), pageBytes).map((offset) => piece + offset))
        .map((offset) => address + BigInt(offset))
    })
  }

  /** Copies pages to the memory of the same guest elsewhere. `EFAULT` where either has no such page; those before it are copied. */
  copyPages(pages: Iterable<bigint>, to: GuestMemory): Either.Either<void, EFAULT> {
    for (const page of pages) {
      const copied = Either.flatMap(this.read(page, pageBytes), (bytes) => to.write(page, bytes))
      if (Either.isLeft(copied)) return copied
    }
    return Either.void
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const stepsTo = (end: number, step: number): ReadonlyArray<number> =>
  Array.from({ length: Math.ceil(end / step) }, (_, index) => index * step)

const writeTo = ({ dirty, storage }: Region, offset: number, bytes: Uint8Array): Either.Either<void, EFAULT> => {
  if (bytes.length > 0) dirty.mark(offset, bytes.length)
  return storage.write(offset, bytes)
}

/**
 * Memory of a guest for tests: one region, handed out piece by piece. What the guest writes is noted page by page, so that a migration
 * can copy just that, and what the device says that it wrote.
 */
import { type DmaAccess, overRegions } from "@stopcopy/qat/engine"

/** Where the guest's memory begins, as the device sees it. */
export const memoryBase = 0x1_2000_0000n
const pageBytes = 4096

/** Memory as the guest's own programs have it. */
export interface Memory {
  /** A piece of memory of its own, at a multiple of `align` (a power of two). */
  readonly take: (length: number, align?: number) => bigint
  /** The memory at an address, to be read. */
  readonly at: (address: bigint, length: number) => Uint8Array
  readonly write: (address: bigint, bytes: Uint8Array) => void
}

export class GuestMemory implements Memory {
  readonly bytes: Uint8Array
  readonly dma: DmaAccess
  private end = 0
  private readonly written = new Set<bigint>()

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.dma = overRegions([{ address: memoryBase, bytes: this.bytes }])
  }

  /** The same guest on another host: nothing is in its memory yet. */
  elsewhere(): GuestMemory {
    const other = new GuestMemory(this.bytes.length)
    other.end = this.end
    return other
  }

  /** A piece of memory of its own, at a multiple of `align` (a power of two). */
  take(length: number, align = 64): bigint {
    const at = (this.end + align - 1) & ~(align - 1)
    if (at + length > this.bytes.length) throw new RangeError(`the guest has no ${length} bytes left`)
    this.end = at + length
    return memoryBase + BigInt(at)
  }

  /** The memory at an address, to be read. */
  at(address: bigint, length: number): Uint8Array {
    const from = Number(address - memoryBase)
    return this.bytes.subarray(from, from + length)
  }

  /** The guest writes. */
  write(address: bigint, bytes: Uint8Array): void {
    this.at(address, bytes.length).set(bytes)
    const size = BigInt(pageBytes)
    for (let page = address / size; page <= (address + BigInt(bytes.length) - 1n) / size; page++) this.written.add(page)
  }

  /** Puts bytes into a piece of their own. */
  put(bytes: Uint8Array, align = 64): bigint {
    const address = this.take(bytes.length, align)
    if (bytes.length > 0) this.write(address, bytes)
    return address
  }

  /** Pages that the guest has written since this was last asked: address divided by 4096. */
  writtenPages(): ReadonlyArray<bigint> {
    const pages = [...this.written]
    this.written.clear()
    return pages
  }

  /** Copies pages to the same guest on another host. */
  copy(pages: Iterable<bigint>, to: GuestMemory): void {
    for (const page of pages) {
      const at = Number(page * BigInt(pageBytes) - memoryBase)
      to.bytes.set(this.bytes.subarray(at, at + pageBytes), at)
    }
  }

  /** Numbers of the pages that differ, in order. */
  pagesChanged(before: Uint8Array): ReadonlyArray<bigint> {
    const found: Array<bigint> = []
    for (let at = 0; at < this.bytes.length; at += pageBytes) {
      const now = Buffer.from(this.bytes.buffer, at, pageBytes)
      if (now.compare(before.subarray(at, at + pageBytes)) !== 0) {
        found.push((memoryBase + BigInt(at)) / BigInt(pageBytes))
      }
    }
    return found
  }
}

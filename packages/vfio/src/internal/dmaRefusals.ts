/** What `IoAddressSpace` says when it refuses a mapping. Addresses and sizes in bytes. */
import { EEXIST, EINVAL, ENOENT, ENOSPC } from "@stopcopy/errno"

interface Range {
  readonly address: bigint
  readonly size: bigint
}

/** One past the last address: 2^64. */
export const endOfSpace = 1n << 64n

const hex = (value: bigint): string => `0x${value.toString(16)}`
const show = (address: bigint, size: bigint): string => `${hex(address)} + ${hex(size)}`

export const noBytes = (address: bigint): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.dma.empty",
      rule: "a mapping has at least one page",
      where: `mapping at ${hex(address)}`,
      source: "0 bytes",
      destination: "at least one page",
      remedy: "leave an empty mapping out"
    }
  })

export const tooLarge = (size: bigint, limit: bigint): ENOSPC =>
  new ENOSPC({
    refusal: {
      code: "vfio.dma.size",
      rule: "one mapping is limited",
      where: "size",
      source: `${size} bytes`,
      destination: `at most ${limit} bytes`,
      remedy: "split the mapping"
    }
  })

export const pastEnd = (address: bigint, size: bigint): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.dma.end",
      rule: "a mapping ends inside the address space",
      where: "address + size",
      source: show(address, size),
      destination: `at most ${hex(endOfSpace)}`,
      remedy: "shorten the mapping"
    }
  })

export const unaligned = (address: bigint, size: bigint, page: bigint): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.dma.aligned",
      rule: "a mapping is made of whole pages",
      where: "address, size",
      source: show(address, size),
      destination: `pages of ${page} bytes`,
      remedy: "align address and size"
    }
  })

export const overlapping = (address: bigint, size: bigint, other: Range): EEXIST =>
  new EEXIST({
    refusal: {
      code: "vfio.dma.overlap",
      rule: "mappings do not overlap",
      where: "address, size",
      source: show(address, size),
      destination: show(other.address, other.size),
      remedy: "unmap the other mapping first"
    }
  })

export const tooMany = (limit: number): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.dma.count",
      rule: "the number of mappings is limited",
      where: "mappings",
      source: `${limit} are mapped`,
      destination: `at most ${limit}`,
      remedy: "unmap some first, or merge neighbours"
    }
  })

export const notMapped = (address: bigint, size: bigint): ENOENT =>
  new ENOENT({
    refusal: {
      code: "vfio.dma.unmap",
      rule: "unmapping names one whole mapping",
      where: "address, size",
      source: show(address, size),
      destination: "a range that was mapped in one call",
      remedy: "use the address and size of the mapping"
    }
  })

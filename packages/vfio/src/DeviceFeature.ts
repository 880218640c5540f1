/**
 * Ioctl `DEVICE_FEATURE`: its header, the features it reaches, and the checks between the two.
 * Sources: `include/uapi/linux/vfio.h`, `drivers/vfio/vfio_main.c`, `vfio_check_feature` in `include/linux/vfio.h`.
 * Header of 8 bytes, little endian: 0 u32 `argsz` (bytes, header included), 4 u32 `flags` (bits 0 to 15 feature index,
 * 16 GET, 17 SET, 18 PROBE); the feature's data follow at 8.
 */
import { EINVAL, ENOTTY, type EFAULT } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { U32, viewOf } from "./internal/scalars.ts"

/** Size of the header, in bytes. */
export const headerBytes = 8
/** Bits 0 to 15 of `flags`: the feature index. */
export const INDEX_MASK = 0xffff
/** Bit 16: read the feature's data. */
export const GET = 0x1_0000
/** Bit 17: write the feature's data. */
export const SET = 0x2_0000
/** Bit 18: ask whether GET or SET (or both) would be answered; nothing is read or written. */
export const PROBE = 0x4_0000

const definedBits = INDEX_MASK | GET | SET | PROBE

/** The header as it stands in memory. */
export const Header = Schema.Struct({ argsz: U32, flags: U32 })
export type Header = typeof Header.Type

/** Reads the first 8 bytes. `EFAULT` on fewer. */
export const decodeHeader = (bytes: Uint8Array): Either.Either<Header, EFAULT> =>
  Either.map(viewOf(bytes, headerBytes, "device feature header"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true)
  }))

/** Writes a fresh 8-byte buffer. Total for values that the schema admits. */
export const encodeHeader = (header: Header): Uint8Array => {
  const view = new DataView(new ArrayBuffer(headerBytes))
  view.setUint32(0, header.argsz, true)
  view.setUint32(4, header.flags, true)
  return new Uint8Array(view.buffer)
}

/** One feature of the protocol. */
export interface Feature {
  readonly index: number
  readonly name: string
  readonly get: boolean
  readonly set: boolean
  /** Size of the data after the header, in bytes: what `argsz` must leave room for. */
  readonly dataBytes: number
  /** The operations a device must have for it. `other`: answered outside this package, or not at all. */
  readonly needs: "migration" | "logging" | "other"
}

const feature = (
  index: number,
  name: string,
  ways: "get" | "set" | "get and set",
  dataBytes: number,
  needs: Feature["needs"]
): Feature => ({ index, name, get: ways !== "set", set: ways !== "get", dataBytes, needs })

export const MIGRATION = feature(1, "MIGRATION", "get", 8, "migration")
export const MIG_DEVICE_STATE = feature(2, "MIG_DEVICE_STATE", "get and set", 8, "migration")
export const DMA_LOGGING_START = feature(6, "DMA_LOGGING_START", "set", 24, "logging")
export const DMA_LOGGING_STOP = feature(7, "DMA_LOGGING_STOP", "set", 0, "logging")
export const DMA_LOGGING_REPORT = feature(8, "DMA_LOGGING_REPORT", "get", 32, "logging")
export const MIG_DATA_SIZE = feature(9, "MIG_DATA_SIZE", "get", 8, "migration")

/** Every feature the protocol names, by index. DMA_BUF's size is its least. */
export const features: ReadonlyArray<Feature> = [
  feature(0, "PCI_VF_TOKEN", "set", 16, "other"),
  MIGRATION,
  MIG_DEVICE_STATE,
  feature(3, "LOW_POWER_ENTRY", "set", 0, "other"),
  feature(4, "LOW_POWER_ENTRY_WITH_WAKEUP", "set", 8, "other"),
  feature(5, "LOW_POWER_EXIT", "set", 0, "other"),
  DMA_LOGGING_START,
  DMA_LOGGING_STOP,
  DMA_LOGGING_REPORT,
  MIG_DATA_SIZE,
  feature(10, "BUS_MASTER", "set", 4, "other"),
  feature(11, "DMA_BUF", "get", 16, "other"),
  feature(12, "MIG_PRECOPY_INFOv2", "set", 0, "other")
]

/** The operations that a device has. */
export interface Operations {
  readonly hasMigration: boolean
  readonly hasDmaLogging: boolean
}

/** A request that passed every check: a probe is answered by that alone, the other kinds run the feature. */
export type Accepted =
  | { readonly executes: false; readonly feature: Feature }
  | { readonly executes: true; readonly feature: Feature; readonly direction: "GET" | "SET" }

/**
 * The checks of a request once its header is read, in the kernel's order; each has its own refusal code
 * (`vfio.feature.*`). `EINVAL` for a malformed request, `ENOTTY` for a feature that this device does not answer.
 * `flags` may have any of its 32 bits set.
 */
export const check = (
  argsz: number,
  flags: number,
  operations: Operations
): Either.Either<Accepted, EINVAL | ENOTTY> => {
  const malformed = checkHeader(argsz, flags)
  if (malformed !== undefined) return Either.left(malformed)
  const index = flags & INDEX_MASK
  const found = features[index]
  if (found === undefined) return Either.left(unknownFeature(index))
  if (!isOffered(found, operations)) return Either.left(notOffered(found))
  return checkRequest(found, argsz, flags)
}

const checkHeader = (argsz: number, flags: number): EINVAL | undefined => {
  if (argsz < headerBytes) return shortHeader(argsz)
  if ((flags & ~definedBits) !== 0) return unknownBits(flags)
  const both = (flags & GET) !== 0 && (flags & SET) !== 0
  return both && (flags & PROBE) === 0 ? bothDirections(flags) : undefined
}

const isOffered = ({ needs }: Feature, { hasDmaLogging, hasMigration }: Operations): boolean =>
  (needs === "migration" && hasMigration) || (needs === "logging" && hasDmaLogging)

const checkRequest = (found: Feature, argsz: number, flags: number): Either.Either<Accepted, EINVAL> => {
  const [get, set] = [(flags & GET) !== 0, (flags & SET) !== 0]
  if ((get && !found.get) || (set && !found.set)) return Either.left(wrongDirection(found, flags))
  if ((flags & PROBE) !== 0) return Either.right({ executes: false, feature: found })
  if (!get && !set) return Either.left(noDirection(found))
  if (argsz - headerBytes < found.dataBytes) return Either.left(shortData(found, argsz))
  return Either.right({ executes: true, feature: found, direction: get ? "GET" : "SET" })
}

const hex = (flags: number): string => `0x${(flags >>> 0).toString(16)}`

const refuse = (
  code: string,
  rule: string,
  where: string,
  source: string,
  destination: string,
  remedy: string
): EINVAL => new EINVAL({ refusal: { code: `vfio.feature.${code}`, rule, where, source, destination, remedy } })

const shortHeader = (argsz: number): EINVAL =>
  refuse("argsz", "argsz covers the header", "argsz", String(argsz), "at least 8", "count the 8 header bytes in argsz")

const unknownBits = (flags: number): EINVAL =>
  refuse("flags", "only defined bits are set", "flags", hex(flags), hex(definedBits), "clear bits 19 to 31")

const bothDirections = (flags: number): EINVAL =>
  refuse("both", "one request reads or writes", "flags", hex(flags), "GET or SET", "send GET and SET one by one")

const wrongDirection = (found: Feature, flags: number): EINVAL => {
  const ways = [found.get ? ["GET"] : [], found.set ? ["SET"] : []].flat().join(" and ")
  return refuse("direction", "the feature has this direction", found.name, hex(flags), ways, `use ${ways}`)
}

const noDirection = (found: Feature): EINVAL =>
  refuse("none", "a request has a direction", found.name, "neither", "GET, SET or PROBE", "set bit 16, 17 or 18")

const shortData = (found: Feature, argsz: number): EINVAL => {
  const least = headerBytes + found.dataBytes
  return refuse(
    "data",
    "argsz leaves room for the data",
    found.name,
    String(argsz),
    `at least ${least}`,
    `set argsz to ${least}`
  )
}

const unknownFeature = (index: number): ENOTTY =>
  new ENOTTY({
    refusal: {
      code: "vfio.feature.unknown",
      rule: "the protocol names the feature",
      where: "feature index",
      source: String(index),
      destination: `0 to ${features.length - 1}`,
      remedy: "use a feature of the protocol"
    }
  })

const notOffered = ({ name, needs }: Feature): ENOTTY =>
  new ENOTTY({
    refusal: {
      code: `vfio.feature.${needs}`,
      rule: "the device has the operations that the feature needs",
      where: name,
      source: `needs ${needs} operations`,
      destination: "not offered",
      remedy: "probe a feature before using it"
    }
  })

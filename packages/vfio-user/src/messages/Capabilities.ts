/**
 * The capabilities of VERSION as JSON. Sources: QEMU `docs/interop/vfio-user.rst`, "Version"; what libvfio-user checks of them. One object whose key
 * `capabilities` holds an object; unknown keys are ignored on both levels, and so are the values that libvfio-user does not look at when their type is wrong.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Predicate, Schema } from "effect"
import { refuse } from "../internal/words.ts"

/** The defaults of the protocol for what a peer does not say. */
export const defaultMaxMsgFds = 1
/** In bytes. */
export const defaultMaxDataXferSize = 1024 * 1024
export const defaultMaxDmaMaps = 65_535
/** A mask of page sizes in bytes. */
export const defaultPageSizes = 4096
/** The most descriptors that libvfio-user lets a peer announce. */
export const maxMsgFdsLimit = 1024

const optional = Schema.optional
const Unsigned = Schema.NonNegativeInt

/** Extensions of this project, off unless both sides name them. See `EXTENSIONS.md`. */
export const Extensions = Schema.Struct({
  p2p: optional(Schema.Boolean),
  dataSize: optional(Schema.Boolean),
  precopyInfo: optional(Schema.Boolean)
})
export type Extensions = typeof Extensions.Type

/** Fields that are missing have the defaults above. */
export const Capabilities = Schema.Struct({
  /** Descriptors the sender takes with one message, 0 to 1024. */
  maxMsgFds: optional(Schema.Int.pipe(Schema.between(0, maxMsgFdsLimit))),
  /** The most data of one message, in bytes; below 1: none can be sent. */
  maxDataXferSize: optional(Schema.Int),
  maxDmaMaps: optional(Unsigned),
  /** A mask of page sizes in bytes, for DMA_MAP. */
  pageSizes: optional(Unsigned),
  /** Sizes in bytes. */
  migration: optional(Schema.Struct({ pageSize: optional(Schema.Int), maxBitmapSize: optional(Unsigned) })),
  /** A socket of its own for commands of the server. */
  twinSocket: optional(Schema.Struct({ supported: optional(Schema.Boolean), fdIndex: optional(Unsigned) })),
  /** REGION_WRITE_MULTI is understood. */
  writeMultiple: optional(Schema.Boolean),
  extensions: optional(Extensions)
})
export type Capabilities = typeof Capabilities.Type

type Json = Readonly<Record<string, unknown>>
type Checked<A> = Either.Either<A, EINVAL>

const isJson = (value: unknown): value is Json => Predicate.isRecord(value)

/** The JSON text, without the NUL that ends it on the wire. Total. */
export const encode = (capabilities: Capabilities): string => {
  const { extensions, migration, twinSocket } = capabilities
  return JSON.stringify({
    capabilities: {
      max_msg_fds: capabilities.maxMsgFds,
      max_data_xfer_size: capabilities.maxDataXferSize,
      max_dma_maps: capabilities.maxDmaMaps,
      pgsizes: capabilities.pageSizes,
      migration: migration && { pgsize: migration.pageSize, max_bitmap_size: migration.maxBitmapSize },
      twin_socket: twinSocket && { supported: twinSocket.supported, fd_index: twinSocket.fdIndex },
      write_multiple: capabilities.writeMultiple,
      stopcopy: extensions && {
        p2p: extensions.p2p,
        data_size: extensions.dataSize,
        precopy_info: extensions.precopyInfo
      }
    }
  })
}

/** What a parsed JSON value says. `EINVAL` for the values that libvfio-user refuses; another top level than an object says nothing. */
export const decode = (value: unknown): Checked<Capabilities> => {
  if (value === null) return Either.left(wrong("the JSON", value, "an object"))
  if (!isJson(value) || !("capabilities" in value)) return Either.right({})
  const found = value["capabilities"]
  if (!isJson(found)) return Either.left(wrong("capabilities", found, "an object"))
  return Either.gen(function* () {
    const migration = yield* group(found, "migration")
    const twin = yield* group(found, "twin_socket")
    const stopcopy = found["stopcopy"]
    return {
      maxMsgFds: yield* integer(found, "max_msg_fds", 0, maxMsgFdsLimit),
      maxDataXferSize: yield* integer(found, "max_data_xfer_size", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      maxDmaMaps: unsigned(found, "max_dma_maps"),
      pageSizes: unsigned(found, "pgsizes"),
      migration: migration && {
        pageSize: yield* integer(migration, "pgsize", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
        maxBitmapSize: unsigned(migration, "max_bitmap_size")
      },
      twinSocket: twin && { supported: yield* supported(twin), fdIndex: unsigned(twin, "fd_index") },
      writeMultiple: bool(found, "write_multiple"),
      extensions: isJson(stopcopy)
        ? {
            p2p: bool(stopcopy, "p2p"),
            dataSize: bool(stopcopy, "data_size"),
            precopyInfo: bool(stopcopy, "precopy_info")
          }
        : undefined
    }
  })
}

const group = (json: Json, key: string): Checked<Json | undefined> => {
  const value = json[key]
  if (value === undefined) return Either.right(undefined)
  return isJson(value) ? Either.right(value) : Either.left(wrong(key, value, "an object"))
}

const integer = (json: Json, key: string, least: number, most: number): Checked<number | undefined> => {
  const value = json[key]
  if (value === undefined) return Either.right(undefined)
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
    ? Either.right(value)
    : Either.left(wrong(key, value, `an integer of ${least} to ${most}`))
}

const supported = (twin: Json): Checked<boolean | undefined> => {
  const value = twin["supported"]
  return value === undefined || typeof value === "boolean"
    ? Either.right(value)
    : Either.left(wrong("twin_socket.supported", value, "true or false"))
}

const unsigned = (json: Json, key: string): number | undefined => {
  const value = json[key]
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined
}

const bool = (json: Json, key: string): boolean | undefined => {
  const value = json[key]
  return typeof value === "boolean" ? value : undefined
}

const shownCharacters = 60

const wrong = (where: string, value: unknown, destination: string): EINVAL =>
  refuse(
    "version.capability",
    "a capability has the type of the protocol",
    where,
    JSON.stringify(value).slice(0, shownCharacters),
    destination,
    "correct the capability or leave it out"
  )

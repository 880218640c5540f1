/**
 * `struct vfio_precopy_info`, the answer to ioctl `MIG_GET_PRECOPY_INFO` on a saving file, and the checks before it.
 * Source: `include/uapi/linux/vfio.h`. 24 bytes, little endian: 0 u32 `argsz` (bytes), 4 u32 `flags`,
 * 8 u64 `initialBytes`, 16 u64 `dirtyBytes`. `argsz` and `flags` go back as the caller wrote them.
 */
import { EINVAL, ENODEV, ENOTTY, type EFAULT } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { U32, U64, viewOf } from "./internal/scalars.ts"
import { MIG_GET_PRECOPY_INFO } from "./Ioctl.ts"
import { isPreCopy, type MigrationState } from "./MigrationState.ts"

/** Size of the struct, in bytes: the least `argsz`. */
export const byteLength = 24

/** `initialBytes`: initial state not yet read. `dirtyBytes`: state changed since it was read. Both are estimates. */
export const PrecopyInfo = Schema.Struct({ argsz: U32, flags: U32, initialBytes: U64, dirtyBytes: U64 })
export type PrecopyInfo = typeof PrecopyInfo.Type

/** Reads the first 24 bytes; more are ignored. `EFAULT` on fewer bytes, `EINVAL` on an `argsz` below 24. */
export const decode = (bytes: Uint8Array): Either.Either<PrecopyInfo, EFAULT | EINVAL> =>
  Either.flatMap(viewOf(bytes, byteLength, "precopy info"), (view) => {
    const argsz = view.getUint32(0, true)
    if (argsz < byteLength) return Either.left(shortArgsz(argsz))
    return Either.right({
      argsz,
      flags: view.getUint32(4, true),
      initialBytes: view.getBigUint64(8, true),
      dirtyBytes: view.getBigUint64(16, true)
    })
  })

/** Writes a fresh 24-byte buffer. Total for values that the schema admits. */
export const encode = (info: PrecopyInfo): Uint8Array => {
  const view = new DataView(new ArrayBuffer(byteLength))
  view.setUint32(0, info.argsz, true)
  view.setUint32(4, info.flags, true)
  view.setBigUint64(8, info.initialBytes, true)
  view.setBigUint64(16, info.dirtyBytes, true)
  return new Uint8Array(view.buffer)
}

/** What an ioctl on a saving file meets. */
export interface Request {
  readonly command: number
  /** The caller's memory at the argument pointer; fewer than 24 bytes are a fault. */
  readonly argument: Uint8Array
  /** The state of the device that the file belongs to. */
  readonly state: MigrationState
  /** Whether the file's session is still open. */
  readonly alive: boolean
}

/**
 * The checks that every driver makes, in their order: another command `ENOTTY`, fewer than 24 bytes `EFAULT`, `argsz`
 * below 24 `EINVAL`, device not in pre-copy `EINVAL`, session over `ENODEV`. Gives what the caller wrote, to be echoed.
 */
export const check = (request: Request): Either.Either<PrecopyInfo, ENOTTY | EFAULT | EINVAL | ENODEV> => {
  if (request.command !== MIG_GET_PRECOPY_INFO) return Either.left(unknownCommand(request.command))
  const info = decode(request.argument)
  if (Either.isLeft(info)) return info
  if (!isPreCopy(request.state)) return Either.left(notPreCopy(request.state))
  return request.alive ? info : Either.left(sessionOver())
}

const shortArgsz = (argsz: number): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.precopy.argsz",
      rule: "argsz covers the whole struct",
      where: "precopy info argsz",
      source: String(argsz),
      destination: `at least ${byteLength}`,
      remedy: `set argsz to ${byteLength}`
    }
  })

const unknownCommand = (command: number): ENOTTY =>
  new ENOTTY({
    refusal: {
      code: "vfio.precopy.command",
      rule: "a saving file knows one ioctl",
      where: "ioctl command",
      source: `0x${command.toString(16)}`,
      destination: `0x${MIG_GET_PRECOPY_INFO.toString(16)}`,
      remedy: "use MIG_GET_PRECOPY_INFO"
    }
  })

const notPreCopy = (state: MigrationState): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.precopy.state",
      rule: "precopy info exists in pre-copy only",
      where: "device state",
      source: state,
      destination: "PRE_COPY or PRE_COPY_P2P",
      remedy: "read the file to its end instead"
    }
  })

const sessionOver = (): ENODEV =>
  new ENODEV({
    refusal: {
      code: "vfio.precopy.dead",
      rule: "a file lives as long as its session",
      where: "saving file",
      source: "session over",
      destination: "open session",
      remedy: "use the file of the current session"
    }
  })

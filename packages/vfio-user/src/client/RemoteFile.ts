/**
 * The data file of a remote device's session, over MIG_DATA_READ and MIG_DATA_WRITE. Source: section 14 of the vfio-user specification; the contract is
 * `MigrationFile` of `@stopcopy/vfio`.
 */
import { EBADF, EFAULT, ENODEV, ENOTTY, type Errno, ESPIPE } from "@stopcopy/errno"
import { type AccessMode, type MigrationFile, type MigrationState, PrecopyInfo, type WriteMode } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import type { Client } from "../Client.ts"
import type { ServerFailure } from "./errors.ts"

/** One data session. */
export interface Session {
  readonly kind: "saving" | "resuming"
  alive: boolean
}

type Failure = Errno | ServerFailure
type Checked = Either.Either<void, EBADF | EFAULT | ENODEV | ESPIPE>

const direction = (kind: Session["kind"]): EBADF =>
  new EBADF({
    refusal: {
      code: "vfio-user.remote.direction",
      rule: "a saving file is read, a resuming file is written",
      where: "migration file",
      source: kind,
      destination: kind === "saving" ? "a resuming file" : "a saving file",
      remedy: "use the file of the other side"
    }
  })

const over = (): ENODEV =>
  new ENODEV({
    refusal: {
      code: "vfio-user.remote.session",
      rule: "a file lives as long as its session",
      where: "migration file",
      source: "session over",
      destination: "open session",
      remedy: "use the file of the current session"
    }
  })

const noIoctl = (found: string, remedy: string): ENOTTY =>
  new ENOTTY({
    refusal: {
      code: "vfio-user.remote.precopy",
      rule: "precopy info is an extension of saving files",
      where: "ioctl",
      source: found,
      destination: "a saving file of a server with precopy_info",
      remedy
    }
  })

const maxTransfer = BigInt(Number.MAX_SAFE_INTEGER)

const numberOf = (length: number | bigint): number =>
  typeof length === "number" ? length : Number(length < maxTransfer ? length : maxTransfer)

/** The file of a session that has just begun. `state` is asked for only by the ioctl. */
export const makeRemoteFile = (
  client: Client,
  session: Session,
  state: Effect.Effect<MigrationState, ServerFailure>
): MigrationFile<ServerFailure> => {
  let open = true
  /** In the order of the kernel: the descriptor, the position, the session, the memory. */
  const check = (wanted: Session["kind"], mode: AccessMode | undefined, length: number): Checked => {
    if (!open || session.kind !== wanted) return Either.left(direction(session.kind))
    if (mode?.positioned === true) return Either.left(new ESPIPE({}))
    if (!session.alive) return Either.left(over())
    return mode?.faulting === true && length > 0 ? Either.left(new EFAULT({})) : Either.void
  }
  const read = (length: number | bigint, mode?: AccessMode): Effect.Effect<Uint8Array, Failure> =>
    Effect.suspend(() => {
      const size = numberOf(length)
      const checked = check("saving", mode, size)
      if (Either.isLeft(checked)) return Either.left(checked.left)
      return size === 0 ? Effect.succeed(new Uint8Array(0)) : client.readMigrationData(size)
    })
  const write = (bytes: Uint8Array, mode?: WriteMode): Effect.Effect<number, Failure> =>
    Effect.suspend(() => {
      const checked = check("resuming", mode, bytes.length)
      if (Either.isLeft(checked)) return Either.left(checked.left)
      if (mode?.length !== undefined && mode.length > bytes.length) return new EFAULT({})
      // Copied: the caller may change its bytes before the last piece is sent.
      return Effect.as(client.writeMigrationData(bytes.slice()), bytes.length)
    })
  const ioctl = (command: number, argument: Uint8Array): Effect.Effect<Uint8Array, Failure> =>
    Effect.gen(function* () {
      if (!open) return yield* direction(session.kind)
      if (session.kind === "resuming") return yield* noIoctl("a resuming file", "ask the saving side")
      const asked = yield* PrecopyInfo.check({ command, argument, state: yield* state, alive: session.alive })
      if (!client.negotiated.extensions.precopyInfo) {
        return yield* noIoctl("a server without precopy_info", "read the file until it is empty")
      }
      return PrecopyInfo.encode({ ...asked, ...(yield* client.precopyInfo) })
    })
  const close = Effect.sync(() => {
    open = false
  })
  return { kind: session.kind, read, write, ioctl, close }
}

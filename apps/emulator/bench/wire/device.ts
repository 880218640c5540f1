/**
 * The cheapest device that a server can serve: a register file that answers at once, and a block that migrates with it. What a read or a migration costs above the
 * floor is then the server's.
 */
import {
  type BoundFile,
  MigrationFlags,
  type MigratableDevice,
  type MigrationFile,
  type MigrationState,
  MigrationStates,
  type VfioDevice
} from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"

const registers = new Uint8Array(0x8000)
const absent = { size: 0, readable: false, writable: false }
const bar0 = { size: registers.length, readable: true, writable: true }

const block = new Uint8Array(4096)
/** What a pre-copy yields. */
const setupBytes = 90
let state: MigrationState = "RUNNING"
/** Where the file of the session stands, in bytes. */
let position = 0

const transfers: BoundFile = {
  read: (length) => {
    const end = Math.min(position + length, state === "PRE_COPY" ? setupBytes : block.length)
    const data = block.slice(position, end)
    position = end
    return Either.right(data)
  },
  write: (bytes) => {
    block.set(bytes, position)
    position += bytes.length
    return Either.right(bytes.length)
  },
  close: () => Either.void
}

const fileOf = (kind: MigrationFile["kind"]): MigrationFile => ({
  kind,
  read: (length) => transfers.read(Number(length)),
  write: (bytes) => transfers.write(bytes),
  ioctl: () => Effect.dieMessage("nobody asks for more"),
  close: Effect.void,
  bound: transfers
})

const setState = (requested: number): Effect.Effect<Option.Option<MigrationFile>> => {
  const before = state
  state = Option.getOrElse(MigrationStates.fromNumber(requested), () => before)
  const isBegun = state === "PRE_COPY" || state === "RESUMING" || (state === "STOP_COPY" && before !== "PRE_COPY")
  if (!isBegun) return Either.right(Option.none())
  position = 0
  return Either.right(Option.some(fileOf(state === "RESUMING" ? "resuming" : "saving")))
}

const migration: MigratableDevice = {
  flags: MigrationFlags.STOP_COPY | MigrationFlags.PRE_COPY | MigrationFlags.P2P,
  setState,
  getState: Effect.sync(() => state),
  dataSize: Effect.succeed(BigInt(block.length)),
  reset: Effect.void,
  bound: { setState, getState: () => state }
}

export const device: VfioDevice = {
  name: "bench",
  regions: [bar0, absent, absent, absent, absent, absent, absent, absent, absent],
  interrupts: [],
  read: (_, offset, into) => {
    into.set(registers.subarray(offset, offset + into.length))
    return Either.void
  },
  write: (_, offset, bytes) => {
    registers.set(bytes, offset)
    return Either.void
  },
  writeAll: (writes) =>
    Either.right(
      writes.map(({ bytes, offset }) => {
        registers.set(bytes, offset)
        return Either.void
      })
    ),
  reset: Effect.void,
  attach: () => Effect.void,
  migration,
  dmaLog: undefined
}

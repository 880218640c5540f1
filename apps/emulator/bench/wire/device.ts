/** The cheapest device that a server can serve: a register file that answers at once. What a read costs above the floor is then the server's. */
import type { VfioDevice } from "@stopcopy/vfio"
import { Effect, Either } from "effect"

const registers = new Uint8Array(0x8000)
const absent = { size: 0, readable: false, writable: false }
const bar0 = { size: registers.length, readable: true, writable: true }

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
  migration: undefined,
  dmaLog: undefined
}

/** The README's example. `Readme.test.ts` runs it and checks that README.md shows the part between the marks. */
// region readme
import { type VfioDevice } from "@stopcopy/vfio"
import { Command, type Connection, Message, Messages, Server } from "@stopcopy/vfio-user"
import { Effect, Either } from "effect"

// A device with four bytes of registers in BAR0, which it answers at once.
const registers = new Uint8Array([0x86, 0x80, 0x43, 0x49])
const device: VfioDevice = {
  name: "example",
  regions: [{ size: 4, readable: true, writable: false }],
  interrupts: [],
  read: (_, offset, into) => Either.right(into.set(registers.subarray(offset, offset + into.byteLength))),
  write: () => Either.void,
  writeAll: (writes) => Either.right(writes.map(() => Either.void)),
  reset: Effect.void,
  attach: () => Effect.void,
  migration: undefined,
  dmaLog: undefined
}

// A transport makes connections from sockets. This one keeps what the server sends.
const replies: Array<Uint8Array> = []
const ignore = () => undefined
const send = (bytes: Uint8Array) => replies.push(bytes) > 0
const connection: Connection = { passesDescriptors: false, send, pause: ignore, resume: ignore, close: ignore }

const version = Messages.Version.encode({ major: 0, minor: 1, capabilities: {} })
const read = Messages.RegionAccess.encode({ region: 0, offset: 0, count: 4, data: new Uint8Array(0) })

export const identity = Effect.gen(function* () {
  const server = yield* Server.serve(device)
  const client = server.accept(connection)
  client.received(Message.encodeCommand(1, Command.VERSION, version), [])
  client.received(Message.encodeCommand(2, Command.REGION_READ, read), [])
  return replies.at(-1)?.slice(-4)
}).pipe(Effect.scoped)
// Uint8Array [0x86, 0x80, 0x43, 0x49]
// endregion

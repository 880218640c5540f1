/**
 * What the vfio-user server itself costs for a register access of 4 bytes, by how many come in one chunk, against the floor: the same accesses of the
 * device without a protocol. No socket and no journal: the connection counts bytes, the device is memory.
 */
import type { VfioDevice } from "@stopcopy/vfio"
import { Command, Message, Messages, Server } from "@stopcopy/vfio-user"
import { rateOf, rowsOf, sectionText, type Subject, takeTurns } from "@stopcopy/workbench"
import { Effect, Either } from "effect"

const rounds = 5
const accesses = 400_000
/** The target: half a microsecond for one access. */
const target = 2_000_000

const memory = new Uint8Array(4096)
const written = Either.void
const device: VfioDevice = {
  name: "bench",
  regions: [{ size: memory.byteLength, readable: true, writable: true }],
  interrupts: [],
  read: (_, offset, into) => {
    for (let index = 0; index < into.byteLength; index++) into[index] = memory[offset + index] ?? 0
    return Either.void
  },
  write: (_, offset, bytes) => {
    memory.set(bytes, offset)
    return Either.void
  },
  writeAll: (writes) => {
    for (const { bytes, offset } of writes) memory.set(bytes, offset)
    return Either.right(writes.map(() => written))
  },
  reset: Effect.void,
  attach: () => Effect.void,
  migration: undefined,
  dmaLog: undefined
}

const repeated = (message: Uint8Array, count: number): Uint8Array => {
  const chunk = new Uint8Array(message.byteLength * count)
  for (let index = 0; index < count; index++) chunk.set(message, index * message.byteLength)
  return chunk
}

const access = (command: number, data: Uint8Array): Uint8Array =>
  Message.encodeCommand(7, command, Messages.RegionAccess.encode({ region: 0, offset: 16, count: 4, data }))

const commands = [
  { name: "REGION_READ", message: access(Command.REGION_READ, new Uint8Array(0)) },
  { name: "REGION_WRITE", message: access(Command.REGION_WRITE, new Uint8Array(4)) }
]

const floor: Subject = {
  key: "floor",
  name: "floor: reads of the device without a protocol",
  word: "none",
  unit: "/s",
  measure: rateOf(
    accesses,
    Effect.sync(() => {
      for (let done = 0; done < accesses; done++) device.read(0, 16, new Uint8Array(4))
    })
  )
}

const main = Effect.gen(function* () {
  const server = yield* Server.serve(device)
  let sent = 0
  const client = server.accept({
    passesDescriptors: false,
    send: (bytes) => {
      sent += bytes.byteLength
      return true
    },
    pause: () => undefined,
    resume: () => undefined,
    close: () => undefined
  })
  const version = Messages.Version.encode({ major: 0, minor: 1, capabilities: {} })
  client.received(Message.encodeCommand(1, Command.VERSION, version), [])
  const subjects = commands.flatMap(({ message, name }) =>
    [1, 8, 64, 1024].map((count): Subject => {
      const chunk = repeated(message, count)
      const pass = Effect.sync(() => {
        for (let done = 0; done < accesses; done += count) client.received(chunk, [])
      })
      return {
        key: `${name} ${count}`,
        name: `${name} of 4 bytes, ${count} a chunk`,
        word: "none",
        unit: "/s",
        atLeast: target,
        against: [{ key: "floor", to: "floor" }],
        measure: rateOf(accesses, pass)
      }
    })
  )
  const all = [floor, ...subjects]
  const start = performance.now()
  const section = {
    title: "vfio-user server, without socket and journal",
    rows: rowsOf(all, yield* takeTurns(all, rounds))
  }
  process.stdout.write(`${sectionText(section, performance.now() - start)}(${sent} bytes sent)\n`)
}).pipe(Effect.scoped)

Effect.runPromise(main).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})

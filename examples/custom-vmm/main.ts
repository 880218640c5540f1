/**
 * A custom VMM in one file: attaches to an emulated QAT VF by the path of its socket, has it encrypt 64 bytes with AES-128-CBC, and checks the result against
 * `node:crypto`. The steps are those of a real one: guest memory, attach, probe, rings, a request, its response.
 */
import { AddressSpace, Arena, attach, QatDriver, Requests } from "@stopcopy/vmm"
import { makeHost } from "@stopcopy/vmm/node"
import { Console, Data, Effect } from "effect"
import { createCipheriv } from "node:crypto"
import { fileURLToPath } from "node:url"

/** 64 MiB of guest memory at 4 GiB. Nothing of it is there before it is written. */
const memoryAt = 0x1_0000_0000n
const memoryBytes = 64 * 1024 * 1024

const symmetric = 3
const key = Uint8Array.from({ length: 16 }, (_, index) => index)
const iv = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index)
const plainText = Uint8Array.from({ length: 64 }, (_, index) => index)

/** What the device answered is not what it should be. */
export class WrongResult extends Data.TaggedError("WrongResult")<{ readonly status: number; readonly found: string }> {
  override get message(): string {
    return `the device answered status ${this.status} and ${this.found}`
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** Attaches the device on `path`, encrypts, and gives the cipher text in hexadecimal. */
export const encryptOnce = (path: string) =>
  Effect.gen(function* () {
    // The best that this machine has: sockets with descriptors, or messages alone.
    const host = yield* makeHost()
    const memory = yield* host.memory([{ address: memoryAt, size: memoryBytes }])
    const space = yield* AddressSpace.make(memory)
    const attachment = yield* attach(space, host.wire(path))

    // What a guest's driver does: it looks for the function, asks the PF, and sets up the rings of a bank.
    const arena = new Arena({ address: memoryAt, size: memoryBytes })
    const driver = yield* QatDriver.probe(attachment, arena)
    const bank = driver.offer.services.indexOf(symmetric)
    if (bank < 0) return yield* Effect.dieMessage(`no bank is symmetric: ${driver.offer.services.join(", ")}`)
    const pair = yield* driver.openRings(bank, { interrupts: true })

    // One request: its data, the content descriptor with the key, where the result goes.
    const source = yield* arena.take(plainText.length)
    const destination = yield* arena.take(plainText.length)
    const descriptor = Requests.cbcDescriptor(key)
    const descriptorAt = yield* arena.take(descriptor.length)
    yield* memory.write(source, plainText)
    yield* memory.write(descriptorAt, descriptor)
    const buffers = { opaque: 1n, source, destination, length: plainText.length }
    const request = Requests.cbcRequest(buffers, { address: descriptorAt, bytes: descriptor.length }, iv)

    // The doorbell, the response, and whether it is right.
    const { status } = Requests.readResponse(yield* driver.run(pair, request))
    const found = hex(yield* memory.read(destination, plainText.length))
    const expected = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(plainText)
    if (status !== 0 || found !== hex(expected)) return yield* new WrongResult({ status, found })

    yield* pair.close
    yield* driver.remove
    return found
  }).pipe(Effect.scoped)

/** What is wrong with the arguments. */
class Misuse extends Data.TaggedError("Misuse")<{ readonly message: string }> {}

/** What the command does with its arguments. */
export const main = ([path, ...more]: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    if (path === undefined || more.length > 0)
      return yield* new Misuse({ message: "name one socket: node examples/custom-vmm/dist/main.js SOCKET" })
    yield* Console.log(`AES-128-CBC, verified: ${yield* encryptOnce(path)}`)
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fail = (error: { readonly _tag: string; readonly message: string }) => {
    const hint = error._tag === "SocketFailed" ? "; start a server of a QAT VF there, or name its socket" : ""
    process.exitCode = error._tag === "Misuse" ? 2 : 1
    return Console.error(`${error.message}${hint}`)
  }
  await Effect.runPromise(Effect.catchAll(main(process.argv.slice(2)), fail))
}

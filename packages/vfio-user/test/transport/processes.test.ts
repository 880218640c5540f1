/** Two processes: a bundled server, to which descriptors are passed, which is killed, and which runs out of descriptors. */
import { assert, it } from "@effect/vitest"
import { bundled } from "@stopcopy/workbench"
import { Effect, Either, type Scope } from "effect"
import { spawn, type ChildProcess } from "node:child_process"
import { closeSync, readSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { createMemfd, openEventfd } from "../../src/transport/Eventfd.ts"
import { loadLibc } from "../../src/transport/Libc.ts"
import { descriptorsThrough } from "../../src/transport/descriptors.ts"
import type { Transport } from "../../src/transport/Transport.ts"
import { messages } from "../../src/transport/messages.ts"
import { countingBytes, makeRecorder, socketFolder } from "./kit.ts"

const libc = await Effect.runPromise(loadLibc)

/** Listens on the path it is given. Writes its message into the first descriptor, signals the second, and says how a connection ended. */
const server = `
import { signalEventfd, Transport } from "../../src/transport.ts"
import { Effect } from "effect"
import { lstatSync, openSync, writeSync } from "node:fs"
const [path, mode] = process.argv.slice(2)
const accept = (connection) => ({
  received: (bytes, [memory, eventfd]) => {
    if (memory !== undefined) writeSync(memory, bytes)
    if (eventfd !== undefined) signalEventfd(eventfd)
    connection.send(bytes.slice())
  },
  drained: () => {},
  closed: (failure) => console.log(failure === undefined ? "closed" : failure._tag)
})
const exhaust = () => {
  try {
    for (;;) openSync("/dev/null", "r")
  } catch {}
}
await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  if (mode === "looked") {
    yield* Transport.messages.listen(path + "2", accept)
    lstatSync(path + "2")
  }
  const transport = mode === "messages" ? Transport.messages : yield* Transport.descriptors
  yield* transport.listen(path, (connection) => {
    if (mode === "exhausted") exhaust()
    return accept(connection)
  })
  console.log("listening")
  yield* Effect.never
})))
`

interface Child {
  readonly process: ChildProcess
  /** The next line that it prints. */
  readonly line: Effect.Effect<string>
}

const start = (path: string, mode: string, descriptors: number): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.gen(function* () {
    const script = yield* bundled("vfio-user-transport", server, import.meta.dirname)
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn("/bin/sh", ["-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", process.execPath, script, path, mode], {
          stdio: ["ignore", "pipe", "inherit"]
        })
      ),
      (running) => Effect.sync(() => running.kill("SIGKILL"))
    )
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const line = Effect.promise(async () => String((await lines.next()).value))
    assert.strictEqual(yield* line, "listening")
    return { process: child, line }
  })

it.scoped("descriptors reach another process, which runs from a bundle", () =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    yield* start(path, "descriptors", 256)
    const client = makeRecorder()
    const connection = yield* descriptorsThrough(libc).connect(path, client.accept)
    const memory = Either.getOrThrow(createMemfd(libc, "test", 4096))
    const eventfd = yield* openEventfd(libc)
    connection.send(countingBytes(4, 100), [memory, eventfd.descriptor])
    assert.strictEqual(yield* eventfd.take, 1n)
    const words = new Uint32Array(4)
    readSync(memory, words, 0, 16, 0)
    assert.deepStrictEqual([...words], [100, 101, 102, 103])
    closeSync(memory)
    yield* client.when(() => client.size() === 16)
  })
)

const killed = (transport: Transport, mode: string) =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    const child = yield* start(path, mode, 256)
    const client = makeRecorder()
    const connection = yield* transport.connect(path, client.accept)
    connection.send(countingBytes(1))
    yield* client.when(() => client.size() === 4)
    const exited = Effect.async<void>((resume) => void child.process.once("exit", () => resume(Effect.void)))
    child.process.kill("SIGKILL")
    yield* exited
    yield* client.when(() => client.closed().length === 1)
    assert.isTrue(connection.send(countingBytes(1)))
    // Its file is left, and replaced.
    const next = makeRecorder()
    yield* transport.listen(path, next.accept)
    yield* transport.connect(path, makeRecorder().accept)
    yield* next.connected
  })

it.scoped("a killed peer ends the connection and leaves a file that is replaced: descriptors", () =>
  killed(descriptorsThrough(libc), "descriptors")
)

it.scoped("a killed peer ends the connection and leaves a file that is replaced: messages", () =>
  killed(messages, "messages")
)

it.scoped("a process without room for descriptors closes those that came and says so", () =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    const child = yield* start(path, "exhausted", 64)
    const client = makeRecorder()
    const connection = yield* descriptorsThrough(libc).connect(path, client.accept)
    const memory = Either.getOrThrow(createMemfd(libc, "test", 4096))
    connection.send(countingBytes(1), [memory, memory])
    yield* client.when(() => client.closed().length === 1)
    assert.strictEqual(yield* child.line, "DescriptorsLost")
    closeSync(memory)
  })
)

it.scoped("a listener without room for descriptors goes on when there is room again", () =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    const child = yield* start(path, "exhausted", 64)
    const [first, second] = [makeRecorder(), makeRecorder()]
    const one = yield* descriptorsThrough(libc).connect(path, first.accept)
    one.send(countingBytes(1))
    yield* first.when(() => first.size() === 4)
    const other = yield* descriptorsThrough(libc).connect(path, second.accept)
    other.send(countingBytes(1))
    // The end of the first gives its descriptor to the second.
    one.close()
    assert.strictEqual(yield* child.line, "closed")
    yield* second.when(() => second.size() === 4)
  })
)

it.scoped("koffi loads from behind links, also when the last file that Node looked at was a socket", () =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    yield* start(path, "looked", 256)
    const connection = yield* descriptorsThrough(libc).connect(path, makeRecorder().accept)
    assert.isTrue(connection.passesDescriptors)
  })
)

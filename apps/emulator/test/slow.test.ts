/** Clients that write slowly, clients that do not read, and a thousand that do nothing: nobody else waits for them. */
import { assert, it } from "@effect/vitest"
import { Command, Message } from "@stopcopy/vfio-user"
import { Requests } from "@stopcopy/vfio-user/conformance"
import { Array, Effect, Exit, Function, Scope } from "effect"
import { Guest } from "./support/Guest.ts"
import { connectPlain, proposal } from "./support/Plain.ts"
import { place, program, type Emulator, socketOf } from "./support/program.ts"

const emulator = program()
const vfs = 16
/** Clients of a VF beside the one that has it. */
const mayWait = 8
const idle = 1000
/** Bytes that each request of a client asks for that does not read. */
const answered = 256

/** A guest that comes now is served: registers, and work of its rings. */
const works = (path: string, requests = 8) =>
  Effect.gen(function* () {
    const guest = new Guest()
    const client = yield* guest.connect(path)
    assert.strictEqual(yield* client.readWord(7, 0, 4), 0x4941_8086)
    yield* guest.setup
    yield* guest.work(requests)
    guest.settled()
  }).pipe(Effect.scoped)

const serving = Effect.gen(function* () {
  const here = yield* place
  const args = ["--pf", `a=4xxx:${vfs},services=sym`, "--drain-seconds", "0.1", "--log-level", "warning", ...here.args]
  const running = yield* emulator.serve(args)
  const paths = Array.makeBy(vfs, (vf) => socketOf(here, "a", vf))
  // A VF that was used once has the file of its registers open.
  yield* Effect.forEach(paths, (path) => works(path, 1), { discard: true })
  return { running, paths, descriptors: running.descriptors }
})

/** The descriptors of those that have left are given back; nothing went wrong inside. */
const ends = (running: Emulator, path: string, descriptors: number) =>
  Effect.gen(function* () {
    yield* Effect.repeat(works(path, 1), { until: () => running.descriptors <= descriptors })
    const { code, stderr } = yield* running.kill("SIGTERM")
    assert.strictEqual(code, 0)
    assert.notInclude(stderr, '"logLevel":"ERROR"')
    return stderr.split("\n").filter((line) => line !== "")
  })

it.scopedLive(
  "a thousand idle connections stop nobody, on their VFs and on others; those too many are turned away",
  () =>
    Effect.gen(function* () {
      const { descriptors, paths, running } = yield* serving
      const crowded = paths.slice(1)
      const [first = "", own = ""] = paths
      const stay = yield* Scope.make()
      const guest = new Guest()
      const client = yield* Scope.extend(guest.connect(own), stay)
      yield* guest.setup
      // One on each VF but the guest's has the device.
      yield* Effect.forEach(crowded.slice(1), (path) =>
        Effect.flatMap(Scope.extend(connectPlain(path), stay), (plain) => {
          plain.say(proposal)
          return plain.until(({ bytes }) => bytes > 0)
        })
      )
      // One in four of the others has begun a message.
      const clients = yield* Effect.forEach(Array.makeBy(idle, Function.identity), (index) =>
        Effect.tap(Scope.extend(connectPlain(crowded[index % crowded.length] ?? own), stay), (plain) =>
          Effect.sync(() => index % 4 === 1 && plain.say(proposal.subarray(0, 1 + (index % 20))))
        )
      )
      yield* works(first)
      assert.strictEqual(yield* client.readWord(7, 0, 4), 0x4941_8086)
      yield* guest.work(20)
      guest.settled()
      const left = idle - crowded.length * mayWait
      const gone = Effect.sync(() => clients.filter(({ isClosed }) => isClosed).length)
      yield* Effect.repeat(Effect.zipLeft(gone, works(first, 1)), { until: (count) => count === left })
      yield* Scope.close(stay, Exit.void)
      yield* Effect.forEach(paths, (path) => works(path, 1), { discard: true })
      const lines = yield* ends(running, first, descriptors)
      assert.strictEqual(lines.filter((line) => line.includes("was turned away")).length, left)
    }).pipe(Effect.timeout("50 seconds"))
)

it.scopedLive("one that says nothing has no device: who comes later to the same VF is served", () =>
  Effect.gen(function* () {
    const { descriptors, paths, running } = yield* serving
    const [path = ""] = paths
    yield* Effect.scoped(
      Effect.gen(function* () {
        const silent = yield* connectPlain(path)
        const slow = yield* connectPlain(path)
        for (const byte of proposal.subarray(0, proposal.byteLength - 1)) {
          slow.say(Uint8Array.of(byte))
        }
        yield* works(path)
        slow.say(proposal.subarray(proposal.byteLength - 1))
        yield* slow.until(({ bytes }) => bytes > 0)
        assert.deepStrictEqual([silent.isClosed, slow.isClosed], [false, false])
      })
    )
    assert.deepStrictEqual(yield* ends(running, path, descriptors), [])
  }).pipe(Effect.timeout("50 seconds"))
)

it.scopedLive("one that asks without end and does not read is not read, and others are served meanwhile", () =>
  Effect.gen(function* () {
    const { descriptors, paths, running } = yield* serving
    const [path = "", other = ""] = paths
    yield* Effect.scoped(
      Effect.gen(function* () {
        const deaf = yield* connectPlain(path)
        deaf.say(proposal)
        yield* deaf.until(({ bytes }) => bytes > 0)
        deaf.connection.pause()
        const before = deaf.bytes
        const request = Message.encodeCommand(2, Command.REGION_READ, Requests.read(7, 0, answered))
        const many = new Uint8Array(2048 * request.byteLength)
        for (let at = 0; at < many.byteLength; at += request.byteLength) many.set(request, at)
        // The server stops reading when its replies are not taken, so that requests stay here.
        let sent = 0
        for (let isTaken = true; isTaken; sent += many.byteLength) {
          isTaken = deaf.say(many)
          yield* works(other, 1)
        }
        for (let round = 0; round < 4; round++) yield* works(other)
        assert.isBelow(deaf.bytes - before, 1024 * 1024)
        deaf.connection.resume()
        const due = (sent / request.byteLength) * (32 + answered)
        yield* deaf.until(({ bytes }) => bytes - before >= due)
      })
    )
    assert.deepStrictEqual(yield* ends(running, path, descriptors), [])
  }).pipe(Effect.timeout("50 seconds"))
)

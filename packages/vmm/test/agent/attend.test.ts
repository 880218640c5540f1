/** A VMM that takes part in migrations, asked as a host asks it: every stage, in and out of order, twice, and by whom. */
import { assert, describe, it } from "@effect/vitest"
import { guestPath } from "@stopcopy/agent"
import { guestAt } from "@stopcopy/agent/client"
import { attach, Gate } from "@stopcopy/vmm"
import { attend } from "@stopcopy/vmm/agent"
import { makeHost, Workload } from "@stopcopy/vmm/node"
import { Effect, Fiber, Option } from "effect"
import { existsSync } from "node:fs"
import { layer, serve, world } from "../support/devices.ts"

/** A guest at work on one device, another device, and what the hosts of both ask. */
const guest = Effect.gen(function* () {
  const host = yield* makeHost({ messagesOnly: true })
  const { attachment, driver, source, where } = yield* world(host, "17")
  const other = yield* serve(host, where, "18")
  const workload = yield* Workload.make(driver, { seed: 3, lanes: [{ bank: 1, kind: "aes-128-cbc" }] })
  const wire = ({ socketPath }: { readonly socketPath: string }) => host.wire(socketPath)
  yield* attend({ processor: workload.processor, attachments: [attachment], wire })
  yield* workload.start
  yield* workload.more(3)
  const destination = { host: "beta", device: "vf", socketPath: other.path }
  return {
    attachment,
    workload,
    destination,
    where,
    here: guestAt(source.path),
    there: guestAt(other.path),
    paths: [source.path, other.path] as const
  }
})

const reasonOf = <A>(asked: Effect.Effect<A, { readonly reason: string }>) =>
  Effect.map(Effect.flip(asked), ({ reason }) => reason)

describe("a VMM that takes part", () => {
  it.scopedLive("goes back to work where it was, after a migration that came to nothing", () =>
    Effect.gen(function* () {
      const { attachment, destination, here, there, workload } = yield* guest
      for (const pauses of [false, true]) {
        yield* here.prepare("m1", destination)
        yield* here.prepare("m1", destination)
        yield* workload.more(2)
        if (pauses) {
          yield* here.pause("m1")
          yield* here.pause("m1")
          assert.strictEqual(yield* reasonOf(there.resumed), "it has not gone there")
        }
        yield* here.resumed
        yield* here.resumed
        yield* workload.more(2)
        assert.match(attachment.name, /17\.sock$/)
      }
      yield* workload.stop
      assert.deepStrictEqual([workload.report.wrong, workload.inFlight], [0, 0])
    }).pipe(Effect.provide(layer), Effect.timeout("30 seconds"))
  )

  it.scopedLive("works at the destination once that runs, and is asked there from then on", () =>
    Effect.gen(function* () {
      const { attachment, destination, here, paths, there } = yield* guest
      yield* here.prepare("m1", destination)
      assert.isTrue(yield* there.isThere)
      yield* here.pause("m1")
      yield* here.switched("m1", destination)
      yield* here.switched("m1", destination)
      assert.match(attachment.name, /18\.sock$/)
      assert.strictEqual(yield* reasonOf(here.resumed), "its guest is at beta vf already")
      yield* there.resumed
      yield* there.resumed
      assert.isFalse(existsSync(guestPath(paths[0])))
      yield* here.resumed
      assert.isTrue(yield* there.isThere)
    }).pipe(Effect.provide(layer), Effect.timeout("30 seconds"))
  )

  it.scopedLive("refuses what is out of order or of another migration, and a destination that it does not reach", () =>
    Effect.gen(function* () {
      const { attachment, destination, here, where, workload } = yield* guest
      assert.strictEqual(yield* reasonOf(here.pause("m1")), "it has not prepared")
      assert.strictEqual(yield* reasonOf(here.switched("m1", destination)), "it has not paused")
      const nowhere = { ...destination, socketPath: `${where}/nothing.sock` }
      assert.match(yield* reasonOf(here.prepare("m1", nowhere)), /nothing\.sock is not reached: .*ENOENT/)
      assert.isFalse(existsSync(guestPath(nowhere.socketPath)))
      yield* here.prepare("m1", destination)
      // The first migration has ended without a word: what it had begun is left.
      yield* here.prepare("m2", destination)
      assert.strictEqual(yield* reasonOf(here.pause("m1")), "it is prepared for migration m2")
      yield* here.pause("m2")
      assert.strictEqual(yield* reasonOf(here.prepare("m3", destination)), "it is paused for migration m2")
      yield* here.resumed
      yield* workload.more(2)
      assert.match(attachment.name, /17\.sock$/)
    }).pipe(Effect.provide(layer), Effect.timeout("30 seconds"))
  )

  it.scopedLive("lets the virtual CPUs of a guest with two devices go on when both of them do", () =>
    Effect.gen(function* () {
      const host = yield* makeHost({ messagesOnly: true })
      const { attachment, space, where } = yield* world(host, "17")
      const served = yield* Effect.forEach(["18", "27", "28"] as const, (name) => serve(host, where, name))
      const [second, third, fourth] = served.map(({ path }) => path)
      const attachments = [attachment, yield* attach(space, host.wire(second ?? ""))]
      const [one, two] = attachments.map(({ name }) => guestAt(name))
      const processor = new Gate()
      yield* attend({ processor, attachments, wire: ({ socketPath }) => host.wire(socketPath) })
      assert.isDefined(one)
      assert.isDefined(two)
      const asked = [
        { guest: one, destination: { host: "beta", device: "a", socketPath: third ?? "" } },
        { guest: two, destination: { host: "beta", device: "b", socketPath: fourth ?? "" } }
      ]
      for (const { destination, guest: hooks } of asked) {
        yield* hooks.prepare("m1", destination)
        yield* hooks.pause("m1")
      }
      const step = yield* Effect.fork(processor.pass(Effect.void))
      for (const { destination, guest: hooks } of asked) yield* hooks.switched("m1", destination)
      yield* guestAt(third ?? "").resumed
      assert.isTrue(Option.isNone(yield* Fiber.poll(step)))
      yield* guestAt(fourth ?? "").resumed
      yield* Fiber.join(step)
      assert.deepStrictEqual(
        attachments.map(({ name }) => name),
        [third, fourth]
      )
    }).pipe(Effect.provide(layer), Effect.timeout("30 seconds"))
  )

  it.scopedLive("nobody is asked where no VMM takes part", () =>
    Effect.gen(function* () {
      const { destination, where } = yield* guest
      const nobody = guestAt(`${where}/nobody.sock`)
      assert.isFalse(yield* nobody.isThere)
      yield* nobody.prepare("m1", destination)
      yield* nobody.pause("m1")
      yield* nobody.switched("m1", destination)
      yield* nobody.resumed
    }).pipe(Effect.provide(layer), Effect.timeout("30 seconds"))
  )
})

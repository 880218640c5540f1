/** What the guest's VMM is asked at the steps of a migration, in which order, and what becomes of a step when it refuses or does not answer. */
import { assert, it } from "@effect/vitest"
import {
  type GuestHooks,
  guestMillis,
  GuestRefused,
  Handlers,
  Host,
  type HostDevice,
  type HostService
} from "@stopcopy/agent"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Effect, Fiber, TestClock } from "effect"

const vf = "pf0/vf0"
const about = { device: vf, migration: "m1", epoch: 0 }
const destination = { host: "beta", device: "pf0/vf1", socketPath: "/run/beta/vf1.sock" }

/** A host whose guest keeps what it was asked, and answers with `answer`. */
const withGuest = (answer: (question: string) => Effect.Effect<void, GuestRefused> = () => Effect.void) =>
  Effect.gen(function* () {
    const { devices, host } = yield* makeMemoryHost({ name: "alpha" })
    const asked: Array<string> = []
    const ask = (question: string) =>
      Effect.zipRight(
        Effect.sync(() => asked.push(question)),
        Effect.suspend(() => answer(question))
      )
    const guest: GuestHooks = {
      prepare: (migration, { host: to, socketPath }) => ask(`prepare ${migration} ${to} ${socketPath}`),
      pause: (migration) => ask(`pause ${migration}`),
      switched: (migration, { device }) => ask(`switched ${migration} ${device}`),
      resumed: Effect.suspend(() => ask("resumed"))
    }
    const known = new Map<string, HostDevice>()
    const service: HostService = {
      ...host,
      device: (name) =>
        Effect.map(host.device(name), (device) => {
          const attended = known.get(name) ?? { ...device, guest }
          known.set(name, attended)
          return attended
        })
    }
    const handlers = yield* Effect.provideService(Handlers.make, Host, service)
    const stateOf = Effect.suspend(() => devices.get(vf)?.getState ?? Effect.die("no device"))
    return { handlers, asked, stateOf }
  })

const prepared = "prepare m1 beta /run/beta/vf1.sock"

it.effect("prepares before pre-copy, pauses before the stop, and goes with the fence", () =>
  Effect.gen(function* () {
    const { asked, handlers, stateOf } = yield* withGuest()
    yield* handlers.SetState({ ...about, destination, to: "PRE_COPY" })
    assert.deepStrictEqual(asked.splice(0), [prepared])
    yield* handlers.SetState({ ...about, to: "PRE_COPY_P2P" })
    assert.deepStrictEqual(asked.splice(0), [])
    yield* handlers.SetState({ ...about, destination, to: "STOP_COPY" })
    assert.deepStrictEqual(asked.splice(0), [prepared, "pause m1"])
    yield* handlers.Fence({ ...about, epoch: 1, destination })
    yield* handlers.Fence({ ...about, epoch: 1, destination })
    assert.deepStrictEqual(asked.splice(0), ["switched m1 pf0/vf1", "switched m1 pf0/vf1"])
    assert.strictEqual(yield* stateOf, "STOP")
  })
)

it.effect("is told when the device runs, by whatever way; without a destination it is asked nothing else", () =>
  Effect.gen(function* () {
    const { asked, handlers } = yield* withGuest()
    yield* handlers.SetState({ ...about, to: "STOP_COPY" })
    yield* handlers.SetState({ ...about, to: "RUNNING_P2P" })
    assert.deepStrictEqual(asked.splice(0), [])
    yield* handlers.SetState({ ...about, to: "RUNNING" })
    assert.deepStrictEqual(asked.splice(0), ["resumed"])
    yield* handlers.Reset(about)
    assert.deepStrictEqual(asked.splice(0), ["resumed"])
    yield* handlers.Fence({ ...about, epoch: 1 })
    yield* handlers.Reset({ ...about, epoch: 1 })
    assert.deepStrictEqual(asked, [], "a fenced device does not run after a reset")
  })
)

it.effect("a VMM that refuses to pause keeps the device from being stopped, and says why", () =>
  Effect.gen(function* () {
    const { handlers, stateOf } = yield* withGuest((question) =>
      question.startsWith("pause") ? new GuestRefused({ reason: "a snapshot is being taken" }) : Effect.void
    )
    yield* handlers.SetState({ ...about, destination, to: "PRE_COPY" })
    const refused = yield* Effect.flip(handlers.SetState({ ...about, destination, to: "STOP_COPY" }))
    assert.strictEqual(refused._tag, "ECANCELED")
    assert.deepInclude("refusal" in refused ? refused.refusal : {}, {
      code: "agent.guest.pause",
      where: vf,
      source: "a snapshot is being taken"
    })
    assert.strictEqual(yield* stateOf, "PRE_COPY")
  })
)

it.effect("a VMM that does not answer in time is not waited for", () =>
  Effect.gen(function* () {
    let answers = false
    const { asked, handlers, stateOf } = yield* withGuest(() => (answers ? Effect.void : Effect.never))
    const step = yield* Effect.fork(Effect.flip(handlers.SetState({ ...about, destination, to: "PRE_COPY" })))
    yield* TestClock.adjust(guestMillis)
    assert.strictEqual((yield* Fiber.join(step))._tag, "ETIMEDOUT")
    assert.strictEqual(yield* stateOf, "RUNNING")
    const fence = yield* Effect.fork(Effect.flip(handlers.Fence({ ...about, epoch: 1, destination })))
    yield* TestClock.adjust(guestMillis)
    assert.strictEqual((yield* Fiber.join(fence))._tag, "ETIMEDOUT")
    // The fence holds all the same, and the same call asks once more.
    assert.strictEqual(yield* stateOf, "STOP")
    answers = true
    const { standing } = yield* handlers.Fence({ ...about, epoch: 1, destination })
    assert.deepStrictEqual([standing, asked.at(-1)], ["fenced", "switched m1 pf0/vf1"])
  })
)

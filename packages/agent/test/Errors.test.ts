/** Everything that may go wrong with a call crosses the wire as what it is, with its reason. */
import { assert, describe, it } from "@effect/vitest"
import { type Errno, fromNumber, numbers } from "@stopcopy/errno"
import { Host, HostFailed, type HostService } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { serve } from "@stopcopy/agent/server"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { currentContext } from "@stopcopy/runtime"
import { Effect, Option } from "effect"
import { join } from "node:path"
import { born, folder, serveHost, vf } from "./support.ts"

/** A client of a host whose device fails every change of state with what `failing` gives. */
const clientOf = (failing: () => Effect.Effect<never, Errno | HostFailed>) =>
  Effect.gen(function* () {
    const { host } = yield* makeMemoryHost({ name: "alpha" })
    const device = yield* host.device(vf)
    const broken = { ...device, migration: { ...device.migration, setState: failing } }
    const path = join(yield* folder, "agent.sock")
    const service: HostService = { ...host, device: () => Effect.succeed(broken) }
    const address = yield* serve({ address: { _tag: "Unix", path } }).pipe(Effect.provideService(Host, service))
    return yield* makeClient({ address })
  })

const call = { device: vf, epoch: born, to: "STOP" } as const

describe("errors on the wire", () => {
  it.scopedLive("every errno keeps its number, its text and its refusal", () =>
    Effect.gen(function* () {
      assert.isAbove(numbers.length, 20)
      const refusal = {
        code: "test.rule",
        rule: "a rule",
        where: "here",
        source: "0x1",
        destination: "0x2",
        remedy: "do that"
      }
      let next: Errno | undefined
      const agent = yield* clientOf(() => (next === undefined ? Effect.die("no errno") : Effect.fail(next)))
      for (const number of numbers) {
        for (const reason of [refusal, undefined]) {
          next = Option.getOrThrow(fromNumber(number, reason))
          const error = yield* Effect.flip(agent.setState(call))
          assert.strictEqual(error._tag, next._tag)
          assert.strictEqual("errno" in error ? error.errno : 0, number)
          assert.strictEqual(error.message, next.message)
          assert.deepStrictEqual("refusal" in error ? error.refusal : undefined, reason)
        }
      }
    })
  )

  it.scopedLive("a failure of the host says that the effect is unknown", () =>
    Effect.gen(function* () {
      const agent = yield* clientOf(() => Effect.fail(new HostFailed({ device: vf, reason: "the journal is full" })))
      const error = yield* Effect.flip(agent.setState(call))
      assert.include(error, { _tag: "HostFailed", reason: "the journal is full" })
      assert.include(error.message, "look at the state of the device")
    })
  )

  it.scopedLive("a defect of the host is a failure of the call, and the next call is answered", () =>
    Effect.gen(function* () {
      const agent = yield* clientOf(() => Effect.die(new Error("a bug")))
      const error = yield* Effect.flip(agent.setState(call))
      assert.include(error, { _tag: "CallBroken", call: "SetState", reason: "a bug" })
      assert.strictEqual((yield* agent.getState({ device: vf })).state, "RUNNING")
    })
  )

  it.scopedLive("an unknown device is named, with those that there are", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      const error = yield* Effect.flip(agent.getState({ device: "pf9/vf9" }))
      assert.deepInclude(error, { _tag: "NoSuchDevice", device: "pf9/vf9", known: ["pf0/vf0", "pf0/vf1"] })
      assert.include(error.message, "no device pf9/vf9 here; there are: pf0/vf0, pf0/vf1")
      assert.include(yield* Effect.flip(agent.inject({ ...fault, target: { device: "pf9", message: null } })), {
        _tag: "NoSuchDevice"
      })
    })
  )

  it.scopedLive("a value that the contract does not allow is named, and nothing is done", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      const error = yield* Effect.flip(agent.setState({ ...call, epoch: -1 }))
      assert.include(error, { _tag: "CallBroken", call: "SetState" })
      assert.include(error.message, "-1")
    })
  )
})

const fault = { kind: { _tag: "Drop" }, target: { device: null, message: null }, nth: 1, count: 1 } as const

describe("the migration of a call", () => {
  it.scopedLive("is the correlation of everything that the host does for it", () =>
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const agent = yield* clientOf(() =>
        Effect.flatMap(currentContext, ({ correlation }) => {
          seen.push(correlation)
          return Effect.fail(new HostFailed({ device: vf, reason: "seen" }))
        })
      )
      yield* Effect.flip(agent.setState({ ...call, migration: "migration-7" }))
      yield* Effect.flip(agent.setState(call))
      assert.deepStrictEqual(seen, ["migration-7", undefined])
    })
  )
})

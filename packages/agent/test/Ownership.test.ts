/** Epochs over the wire: what is refused, what is durable, what may be repeated. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Epochs, guarded, StaleEpoch } from "@stopcopy/agent"
import { EIO } from "@stopcopy/errno"
import { MigrationStates } from "@stopcopy/vfio"
import { born, serveHost, vf } from "./support.ts"

const at = (epoch: number) => ({ device: vf, epoch })

describe("epochs", () => {
  it.scopedLive("every call that changes a device or moves data is refused under an older epoch", () =>
    Effect.gen(function* () {
      const { agent, device } = yield* serveHost({
        name: "alpha",
        epochs: new Map([[vf, { epoch: 5, standing: "held", digest: null }]])
      })
      const session = { session: "none", offset: 0 }
      const refused = yield* Effect.forEach(
        [
          agent.setState({ ...at(4), to: "RUNNING_P2P" }),
          agent.save({ ...at(4), ...session, length: 1 }),
          agent.resume({ ...at(4), ...session, bytes: new Uint8Array(1) }),
          agent.reset(at(4)),
          agent.adopt(at(4)),
          agent.fence(at(4))
        ],
        (call) => Effect.flip<unknown, { readonly _tag: string; readonly message: string }, never>(call)
      )
      for (const error of refused) {
        assert.instanceOf(error, StaleEpoch)
        assert.deepInclude({ ...error }, { device: vf, called: 4, current: 5 })
        assert.include(error.message, "epoch 4 is over")
      }
      assert.strictEqual(yield* device.getState, "RUNNING")
    })
  )

  it.scopedLive("a call from the future is refused too, and says what to do", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      const error = yield* Effect.flip(agent.setState({ ...at(1), to: "STOP" }))
      assert.include(error, { _tag: "EpochConflict", called: 1, current: 0, standing: "held" })
      assert.include(error.message, "grant or fence it first")
    })
  )

  it.scopedLive("a vote needs a stopped device and its own digest, holds it still, and is withdrawn by a reset", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      assert.include(yield* Effect.flip(agent.grant({ ...at(1), digest: null })), { _tag: "EBUSY" })
      yield* agent.setState({ ...at(born), to: "STOP" })
      const own = (yield* agent.digest({ device: vf, view: false })).digests.whole
      assert.include(yield* Effect.flip(agent.grant({ ...at(1), digest: "0" })), {
        _tag: "DigestMismatch",
        called: "0",
        own
      })
      const vote = yield* agent.grant({ ...at(1), digest: own })
      assert.deepStrictEqual(vote, { epoch: 1, standing: "granted", digest: own })
      assert.deepStrictEqual(yield* agent.grant({ ...at(1), digest: own }), vote)
      assert.include(yield* Effect.flip(agent.setState({ ...at(1), to: "RUNNING" })), {
        _tag: "EpochConflict",
        standing: "granted"
      })
      assert.deepStrictEqual(yield* agent.reset(at(1)), { state: "STOP", session: null })
      assert.include(yield* Effect.flip(agent.adopt(at(1))), { _tag: "EpochConflict", standing: "fenced" })
    })
  )

  it.scopedLive("a fence stops a device that runs, may be repeated, and outlives the process", () =>
    Effect.gen(function* () {
      const epochs = new Map<string, Epochs.EpochRecord>()
      const { agent } = yield* serveHost({ name: "alpha", epochs })
      const fenced = yield* agent.fence(at(3))
      assert.deepStrictEqual(fenced, { epoch: 3, standing: "fenced", digest: null })
      assert.deepStrictEqual(yield* agent.fence(at(3)), fenced)
      assert.strictEqual((yield* agent.getState({ device: vf })).state, "STOP")
      const later = yield* serveHost({ name: "alpha", epochs })
      assert.include(yield* Effect.flip(later.agent.setState({ ...at(3), to: "RUNNING" })), { _tag: "EpochConflict" })
      assert.include(yield* Effect.flip(later.agent.setState({ ...at(2), to: "RUNNING" })), { _tag: "StaleEpoch" })
    })
  )

  it.scopedLive("a device that runs although it was fenced is stopped before anything is served", () =>
    Effect.gen(function* () {
      const record = { epoch: 2, standing: "fenced", digest: null } as const
      const { devices } = yield* serveHost({ name: "alpha", epochs: new Map([[vf, record]]) })
      const states = yield* Effect.forEach(devices.values(), (device) => device.getState)
      assert.deepStrictEqual(states, ["RUNNING", "STOP"])
    })
  )

  it.scopedLive("a device that was retired works again under a higher epoch", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      yield* agent.fence(at(1))
      yield* agent.reset(at(1))
      yield* agent.grant({ ...at(2), digest: null })
      yield* agent.adopt(at(2))
      assert.strictEqual((yield* agent.setState({ ...at(2), to: "RUNNING" })).state, "RUNNING")
    })
  )
})

describe("the guest's own socket", () => {
  it.scopedLive("does what the standing allows, and nothing else", () =>
    Effect.gen(function* () {
      const { agent, device, host } = yield* serveHost({ name: "alpha" })
      const guest = guarded(yield* host.device(vf))
      const run = guest.setState(MigrationStates.toNumber("RUNNING"))
      yield* guest.setState(MigrationStates.toNumber("STOP"))
      yield* run
      yield* agent.fence(at(1))
      const error = yield* Effect.flip(run)
      assert.include(error, { _tag: "EPERM" })
      assert.include(error.message, "neither runs nor gives data")
      yield* guest.reset
      assert.strictEqual(yield* device.getState, "STOP")
      yield* agent.grant({ ...at(2), digest: null })
      assert.include(yield* Effect.flip(guest.reset), { _tag: "EPERM" })
      yield* agent.adopt(at(2))
      yield* guest.reset
      assert.strictEqual(yield* device.getState, "RUNNING")
    })
  )

  it.scopedLive("leaves a device alone that an agent stopped to save it, until the agent leads it out of there", () =>
    Effect.gen(function* () {
      const { agent, device, host } = yield* serveHost({ name: "alpha" })
      const guest = guarded(yield* host.device(vf))
      const to = (state: "RUNNING" | "STOP_COPY") => guest.setState(MigrationStates.toNumber(state))
      // What its own VMM saves is its own.
      yield* to("STOP_COPY")
      yield* agent.setState({ ...at(born), to: "STOP_COPY" })
      yield* to("RUNNING")
      for (const out of [
        agent.setState({ ...at(born), to: "RUNNING" }),
        agent.setState({ ...at(born), to: "STOP" }),
        agent.reset(at(born))
      ]) {
        yield* agent.setState({ ...at(born), to: "STOP_COPY" })
        for (const change of [to("RUNNING"), guest.reset]) {
          const error = yield* Effect.flip(change)
          assert.include(error, { _tag: "EBUSY" })
          assert.include(error.message, "goes on when the agent says so")
        }
        assert.strictEqual(yield* device.getState, "STOP_COPY")
        yield* out
        yield* to("RUNNING")
      }
      // A walk that fails on its way there takes nothing.
      yield* agent.setState({ ...at(born), to: "RESUMING" })
      yield* Effect.flip(agent.setState({ ...at(born), to: "STOP_COPY" }))
      yield* guest.reset
      assert.strictEqual(yield* device.getState, "RUNNING")
    })
  )

  it.scopedLive("has not the last word when a fence comes in between, even if its own walk fails", () =>
    Effect.gen(function* () {
      const { agent, device, host } = yield* serveHost({ name: "alpha" })
      const plain = yield* host.device(vf)
      yield* device.setState(MigrationStates.toNumber("STOP"))
      const fence = Effect.ignore(agent.fence(at(1)))
      const walk = (to: number) => Effect.zipRight(fence, device.setState(to))
      const fails = (to: number) => Effect.zipRight(walk(to), Effect.fail(new EIO({})))
      for (const [setState, tag] of [
        [fails, "EIO"],
        [walk, "EPERM"]
      ] as const) {
        const record = yield* plain.epoch
        const overtaken = guarded({ ...plain, migration: { ...device, setState } })
        assert.deepStrictEqual(record, { epoch: 0, standing: "held", digest: null })
        assert.include(yield* Effect.flip(overtaken.setState(MigrationStates.toNumber("RUNNING"))), { _tag: tag })
        assert.strictEqual(yield* device.getState, "STOP")
        yield* plain.recordEpoch(record)
      }
    })
  )

  it.scopedLive("has not the last word either when it resets the function and a fence comes in between", () =>
    Effect.gen(function* () {
      const { agent, device, host } = yield* serveHost({ name: "alpha" })
      const plain = yield* host.device(vf)
      const reset = Effect.zipRight(Effect.ignore(agent.fence(at(1))), device.reset)
      yield* guarded({ ...plain, migration: { ...device, reset } }).reset
      assert.strictEqual(yield* device.getState, "STOP")
    })
  )
})

/** A whole migration between two hosts, driven through their clients alone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Views } from "@stopcopy/agent"
import { born, serveHost, vf } from "./support.ts"

const migration = "migration-1"

describe("a migration through the contract", () => {
  it.scopedLive("moves the state, compares both sides, changes the owner", () =>
    Effect.gen(function* () {
      const source = yield* serveHost({ name: "alpha" })
      const destination = yield* serveHost({ name: "beta" })
      source.device.registers.set([1, 2, 3, 0xffff_ffff])
      const from = { device: vf, epoch: born, migration }
      const to = { device: vf, epoch: born, migration }

      const saving = yield* source.agent.setState({ ...from, to: "PRE_COPY" })
      const resuming = yield* destination.agent.setState({ ...to, to: "RESUMING" })
      assert.strictEqual(saving.state, "PRE_COPY")
      assert.strictEqual(saving.session?.kind, "saving")
      assert.strictEqual(resuming.session?.kind, "resuming")
      const read = { ...from, session: saving.session?.token ?? "" }
      const write = { ...to, session: resuming.session?.token ?? "" }

      assert.deepStrictEqual(yield* source.agent.precopyInfo(read), { initialBytes: 4n, dirtyBytes: 0n })
      assert.strictEqual(yield* source.agent.dataSize(from), 36n)
      const move = (offset: number) =>
        source.agent.saved({ ...read, offset, length: 5 }).pipe(
          Stream.mapEffect((chunk) => Effect.as(destination.agent.load({ ...write, ...chunk }), chunk)),
          Stream.runCollect,
          Effect.map((chunks) => [...chunks])
        )
      const setup = yield* move(0)
      assert.deepStrictEqual(
        setup.map(({ bytes, end, offset }) => [offset, bytes.length, end]),
        [
          [0, 4, "more"],
          [4, 0, "now"]
        ]
      )

      const stopped = yield* source.agent.setState({ ...from, to: "STOP_COPY" })
      assert.deepStrictEqual(stopped, {
        state: "STOP_COPY",
        session: { token: read.session, kind: "saving", offset: 4 }
      })
      const rest = yield* move(4)
      assert.strictEqual(rest.at(-1)?.end, "good")
      assert.strictEqual(rest.at(-1)?.offset, 36)
      assert.deepStrictEqual(yield* destination.agent.setState({ ...to, to: "STOP" }), { state: "STOP", session: null })

      const [here, there] = yield* Effect.all(
        [source, destination].map(({ agent }) => agent.digest({ device: vf, view: true }))
      )
      assert.deepStrictEqual(here?.digests, there?.digests)
      assert.isUndefined(Views.firstDifference(here?.view ?? {}, there?.view ?? {}))

      const vote = yield* destination.agent.grant({ ...to, epoch: 1, digest: here?.digests.whole ?? null })
      assert.strictEqual(vote.standing, "granted")
      assert.strictEqual((yield* source.agent.fence({ ...from, epoch: 1 })).standing, "fenced")
      assert.strictEqual((yield* destination.agent.adopt({ ...to, epoch: 1 })).standing, "held")
      yield* destination.agent.setState({ ...to, epoch: 1, to: "RUNNING" })
      assert.strictEqual((yield* Effect.flip(source.agent.setState({ ...from, to: "RUNNING" })))._tag, "StaleEpoch")
      assert.deepStrictEqual([...destination.device.registers.subarray(0, 4)], [1, 2, 3, 0xffff_ffff])
      yield* source.agent.reset({ ...from, epoch: 1 })
      assert.strictEqual((yield* source.agent.getState({ device: vf })).state, "STOP")
    })
  )
})

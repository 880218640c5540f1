/** The fleet as an actor on a journal: a large evacuation from its plan to its end, and the same state again by replay. */
import { assert, it } from "@effect/vitest"
import { behavior } from "@stopcopy/fleet"
import { ActorSystem, Journal, Replay } from "@stopcopy/runtime"
import { Effect, Schema } from "effect"
import { busy, completed, end, failed, hostCommands, pf } from "./support.ts"

const vfs = 256

it.effect("an evacuation of 256 VFs on an actor, one in 16 fails once, replays to the same state", () =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const fleet = yield* system.actor(behavior, "main")
    const pfs = (attached: boolean) =>
      Array.from({ length: vfs / 64 }, (_, index) =>
        pf(`pf${index}`, { vfs: 64, ...(attached ? { attached: busy } : {}) })
      )
    for (const command of [...hostCommands("alpha", ...pfs(true)), ...hostCommands("beta", ...pfs(false))]) {
      yield* fleet.ask(command)
    }
    yield* fleet.ask(
      { _tag: "Evacuate", evacuation: "e", host: "alpha", pf: null, priority: 5, at: 0 },
      { durability: "durable" }
    )
    for (let now = 1; (yield* fleet.state).evacuations.length > 0; now++) {
      const at = now * 1000
      const answer = yield* fleet.ask({ _tag: "Schedule", at })
      for (const { migration } of answer._tag === "Scheduled" ? answer.starts : []) {
        const { attempt, id } = migration
        const fails = attempt === 1 && Number(id.slice(2)) % 16 === 0
        yield* fleet.ask(end(id, fails ? failed() : completed(), { attempt, at: at + 500 }))
      }
    }
    const state = yield* fleet.state
    assert.deepInclude(state.finishedEvacuations[0], { moves: vfs, completed: vfs, failed: 0 })
    assert.strictEqual(state.finished.filter(({ attempts }) => attempts === 2).length, vfs / 16)
    assert.strictEqual(new Set(state.groups.flatMap(({ devices }) => devices)).size, vfs)
    const past = yield* Replay.stateAt(Replay.registry(Replay.replayable(behavior)), "fleet/main")
    const text = yield* Schema.encode(behavior.state)(state)
    assert.isTrue(past.state.json === text)
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(Journal.layerMemory))
)

/** The example of the README: two hosts behind agents, one migration, one that is refused. */
// region readme
import { Host } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { serve } from "@stopcopy/agent/server"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Agents, makeConductor, type Order } from "@stopcopy/migration"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"

/** A host in memory behind an agent on a UNIX socket, and a client of it. An emulator serves its own. */
const host = (name: string, path: string, capabilities: number) =>
  Effect.gen(function* () {
    const made = yield* makeMemoryHost({ name, capabilities })
    const address = yield* Effect.provideService(serve({ address: { _tag: "Unix", path } }), Host, made.host)
    return { devices: made.devices, agent: yield* makeClient({ address }) }
  })

/** Both VFs of a virtual machine, to a host: stopped for at most 10 seconds, or back it goes. */
const order = (destination: string): Order => ({
  source: "alpha",
  destination,
  members: [
    { source: "pf0/vf0", destination: "pf0/vf0" },
    { source: "pf0/vf1", destination: "pf0/vf1" }
  ],
  limits: { downtimeMillis: 10_000, whenOver: { _tag: "Abort" } }
})

export const program = (folder: string) =>
  Effect.gen(function* () {
    const alpha = yield* host("alpha", `${folder}/a.sock`, 0x7)
    const beta = yield* host("beta", `${folder}/b.sock`, 0x7)
    const small = yield* host("small", `${folder}/s.sock`, 0x3)
    alpha.devices.get("pf0/vf1")?.registers.set([0x80, 0x40]) // what the guest has done
    const agents = Agents.of({
      of: (name) => Effect.succeed(name === "alpha" ? alpha.agent : name === "beta" ? beta.agent : small.agent)
    })
    const { conduct, submit } = yield* makeConductor()
    yield* submit("m-1", order("small"))
    const refused = yield* Effect.provideService(conduct("m-1"), Agents, agents)
    yield* submit("m-2", order("beta"))
    const moved = yield* Effect.provideService(conduct("m-2"), Agents, agents)
    return {
      blockers: refused.blockers.map(({ code, remedy, where }) => `${where}: ${remedy} [${code}]`),
      phase: moved.phase,
      downtime: moved.downtime, // microseconds: whole, drain, stop, save, transfer, load, verify, vote, commit, resume
      registers: beta.devices.get("pf0/vf1")?.registers.subarray(0, 2)
    }
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
// endregion

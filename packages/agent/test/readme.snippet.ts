/** The example of the README, compiled and run by the tests. */
// region readme
import { Host, Views } from "@stopcopy/agent"
import { type AgentClient, makeClient } from "@stopcopy/agent/client"
import { serve } from "@stopcopy/agent/server"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Effect, Stream } from "effect"

/** A host in memory, served on a UNIX socket, and a client of it. An emulator serves its own `Host`. */
const side = (name: string, path: string) =>
  Effect.gen(function* () {
    const { devices, host } = yield* makeMemoryHost({ name })
    const address = yield* Effect.provideService(serve({ address: { _tag: "Unix", path } }), Host, host)
    return { devices, agent: yield* makeClient({ address }) }
  })

const vf = { device: "pf0/vf1", migration: "migration-1" }
const tokenOf = ({ session }: { readonly session: { readonly token: string } | null }) => session?.token ?? ""

/** Moves what a stopped source has, and compares. Both devices are still at their first epoch, 0. */
const copy = (source: AgentClient, destination: AgentClient) =>
  Effect.gen(function* () {
    const here = { ...vf, epoch: 0, session: tokenOf(yield* source.setState({ ...vf, epoch: 0, to: "STOP_COPY" })) }
    const there = {
      ...vf,
      epoch: 0,
      session: tokenOf(yield* destination.setState({ ...vf, epoch: 0, to: "RESUMING" }))
    }
    yield* source
      .saved({ ...here, offset: 0 })
      .pipe(Stream.runForEach((chunk) => destination.load({ ...there, offset: chunk.offset, bytes: chunk.bytes })))
    yield* destination.setState({ ...vf, epoch: 0, to: "STOP" })
    const [was, is] = [yield* source.digest({ ...vf, view: true }), yield* destination.digest({ ...vf, view: true })]
    return { digest: was.digests.whole, difference: Views.firstDifference(was.view ?? {}, is.view ?? {}) }
  })

export const program = (folder: string) =>
  Effect.gen(function* () {
    const [alpha, beta] = [yield* side("alpha", `${folder}/a.sock`), yield* side("beta", `${folder}/b.sock`)]
    alpha.devices.get(vf.device)?.registers.set([0x80, 0x40])
    const { difference, digest } = yield* copy(alpha.agent, beta.agent)
    yield* beta.agent.grant({ ...vf, epoch: 1, digest }) // the destination's vote; durable
    yield* alpha.agent.fence({ ...vf, epoch: 1 }) // behind the coordinator's commit: the source never runs again
    yield* beta.agent.adopt({ ...vf, epoch: 1 })
    const { state } = yield* beta.agent.setState({ ...vf, epoch: 1, to: "RUNNING" })
    const late = yield* Effect.flip(alpha.agent.setState({ ...vf, epoch: 0, to: "RUNNING" }))
    return { difference, state, late: late.message }
  })
// endregion

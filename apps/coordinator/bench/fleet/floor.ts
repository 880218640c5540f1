/**
 * The floor: the calls of a migration made on both agents by one client without a coordinator, one after the other as they must be. No journal, no decisions, no
 * preflight, no limits, no clock, nothing that outlives the process: what two hosts and HTTP cost at least.
 */
import { type AgentClient, makeClient } from "@stopcopy/agent/client"
import { Addresses } from "@stopcopy/agent"
import { Chunk, Effect, Either, type Scope, Stream } from "effect"

export interface Sides {
  readonly source: AgentClient
  readonly destination: AgentClient
}

/** A client of the agent at this address. */
export const clientOf = (address: string): Effect.Effect<AgentClient, never, Scope.Scope> =>
  Effect.orDie(makeClient({ address: Either.getOrThrow(Addresses.parse(address)) }))

/** Moves what the source's session has. */
const moved = (
  { destination, source }: Sides,
  device: string,
  epochs: { readonly from: number; readonly to: number }
) =>
  Effect.gen(function* () {
    const [from, to] = yield* Effect.all([source.getState({ device }), destination.getState({ device })], {
      concurrency: 2
    })
    const offset = to.session?.offset ?? 0
    const chunks = yield* source
      .saved({ device, epoch: epochs.from, session: from.session?.token ?? "", offset })
      .pipe(Stream.runCollect)
    const bytes = Buffer.concat(Chunk.toReadonlyArray(chunks).map((chunk) => chunk.bytes))
    yield* destination.load({ device, epoch: epochs.to, session: to.session?.token ?? "", offset, bytes })
  })

/** One migration; gives the milliseconds in which the device ran nowhere. `epoch`: the greatest that either side has. */
const bareMigration = (sides: Sides, device: string, epoch: number) =>
  Effect.gen(function* () {
    const { destination, source } = sides
    const [own, clear, claim, vote] = [epoch, epoch + 1, epoch + 2, epoch + 3]
    const carry = moved(sides, device, { from: own, to: claim })
    yield* destination.fence({ device, epoch: clear })
    yield* destination.reset({ device, epoch: clear })
    yield* destination.grant({ device, epoch: claim, digest: null })
    yield* destination.adopt({ device, epoch: claim })
    yield* destination.setState({ device, epoch: claim, to: "RESUMING" })
    yield* source.setState({ device, epoch: own, to: "PRE_COPY" })
    yield* carry
    yield* source.dataSize({ device })
    const stopped = performance.now()
    yield* source.setState({ device, epoch: own, to: "PRE_COPY_P2P" })
    yield* source.setState({ device, epoch: own, to: "STOP_COPY" })
    yield* carry
    yield* destination.setState({ device, epoch: claim, to: "STOP" })
    const [, { digests }] = yield* Effect.all(
      [source.digest({ device, view: false }), destination.digest({ device, view: false })],
      { concurrency: 2 }
    )
    yield* destination.grant({ device, epoch: vote, digest: digests.whole })
    yield* source.fence({ device, epoch: vote })
    yield* destination.adopt({ device, epoch: vote })
    yield* destination.setState({ device, epoch: vote, to: "RUNNING_P2P" })
    yield* destination.setState({ device, epoch: vote, to: "RUNNING" })
    const downtime = performance.now() - stopped
    yield* source.reset({ device, epoch: vote })
    return downtime
  })

/** Many, so many at a time: how many in a second, and each downtime. */
export const bareMigrations = (sides: Sides, devices: ReadonlyArray<string>, together: number) =>
  Effect.gen(function* () {
    const known = yield* sides.source.describe
    const epochs = new Map(known.pfs.flatMap(({ vfs }) => vfs.map(({ epoch, name }) => [name, epoch] as const)))
    const begun = performance.now()
    const downtimes = yield* Effect.forEach(
      devices,
      (device) => bareMigration(sides, device, epochs.get(device) ?? 0),
      {
        concurrency: together
      }
    )
    return { perSecond: (devices.length * 1000) / (performance.now() - begun), downtimes }
  })

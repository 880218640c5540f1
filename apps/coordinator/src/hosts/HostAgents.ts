/** The agents of registered hosts: a client for each address, connected when it is first called. */
import { type Address, Addresses } from "@stopcopy/agent"
import { type AgentClient, AgentUnreachable, type ClientOptions, makeClient } from "@stopcopy/agent/client"
import { Agents } from "@stopcopy/migration"
import { Context, Effect, Either, Layer, Redacted, Scope } from "effect"
import { FleetActor } from "../fleet/FleetActor.ts"
import { type Access, accessAt, type AgentAccess } from "../settings/agentAccess.ts"

interface HostAgentsService {
  /** The client for an address, as `Addresses.parse` reads it. */
  readonly at: (address: string) => Effect.Effect<AgentClient, AgentUnreachable>
  /** The agent of a registered host. */
  readonly of: (host: string) => Effect.Effect<AgentClient, AgentUnreachable>
}

const nowhere: Address = { _tag: "Unix", path: "nowhere" }

const unreachable = (reason: string, address: Address = nowhere): AgentUnreachable =>
  new AgentUnreachable({ address, call: "Describe", reason, hint: "is the address right?" })

const optionsOf = (address: Address, { token, trust }: Access): ClientOptions => ({
  address,
  ...(token === undefined ? {} : { token: Redacted.value(token) }),
  ...(trust === undefined ? {} : { trust })
})

export class HostAgents extends Context.Tag("@stopcopy/coordinator/HostAgents")<HostAgents, HostAgentsService>() {
  static readonly layer = (access: AgentAccess): Layer.Layer<HostAgents, never, FleetActor> =>
    Layer.scoped(
      HostAgents,
      Effect.gen(function* () {
        const scope = yield* Effect.scope
        const fleet = yield* FleetActor
        const clients = new Map<string, AgentClient>()
        const at = (text: string): Effect.Effect<AgentClient, AgentUnreachable> => {
          const parsed = Addresses.parse(text)
          if (Either.isLeft(parsed)) return Effect.fail(unreachable(parsed.left))
          const key = Addresses.format(parsed.right)
          const known = clients.get(key)
          if (known !== undefined) return Effect.succeed(known)
          const address = parsed.right
          return makeClient(optionsOf(address, accessAt(access, address))).pipe(
            Effect.mapError(({ message }) => unreachable(message, address)),
            Effect.tap((client) => Effect.sync(() => clients.set(key, client))),
            Effect.provideService(Scope.Scope, scope)
          )
        }
        const of = (host: string) =>
          Effect.gen(function* () {
            const state = yield* Effect.mapError(fleet.state, ({ message }) => unreachable(message))
            const record = state.hosts.find(({ id }) => id === host)
            return yield* record === undefined ? unreachable(`no host ${host} is registered`) : at(record.address)
          })
        return { at, of }
      })
    )

  /** As migrations want them. */
  static readonly forMigrations: Layer.Layer<Agents, never, HostAgents> = Layer.effect(
    Agents,
    Effect.map(HostAgents, ({ of }) => ({ of }))
  )
}

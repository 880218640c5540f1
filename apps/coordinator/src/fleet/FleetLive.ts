/** The fleet behind its port: decisions are those of `@stopcopy/fleet`, recorded in the journal; agents are asked where the answer must be fresh. */
import {
  type ApiError,
  type HostOrPf,
  type PlacementQuery,
  type RegisterHost,
  Unavailable
} from "@stopcopy/coordinator-api"
import * as Fleets from "@stopcopy/fleet"
import { Clock, Effect, Either, Layer } from "effect"
import { HostAgents } from "../hosts/HostAgents.ts"
import { look, noteHealth, Watching } from "../hosts/Watching.ts"
import { Running } from "../migrations/Running.ts"
import { Fleet, type FleetService } from "../ports/Fleet.ts"
import { compatibilityOf, placementsOf } from "./compatibility.ts"
import { conflict, notFound, ofFleet, only, refused } from "./errors.ts"
import { FleetActor, type FleetActorService } from "./FleetActor.ts"
import * as Views from "./views.ts"

const record = (fleet: FleetActorService, name: string) =>
  Effect.flatMap(fleet.state, ({ hosts }) => {
    const found = hosts.find(({ id }) => id === name)
    return found === undefined ? Effect.fail(notFound("host", name)) : Effect.succeed(found)
  })

const hostNamed = (fleet: FleetActorService, name: string) => Effect.map(record(fleet, name), Views.hostOf)

const unreachable = (address: string, message: string): Unavailable =>
  new Unavailable({
    code: "host.unreachable",
    message: `${message}; nothing was registered for ${address}`,
    refusals: []
  })

const otherName = ({ address, name }: RegisterHost, is: string) =>
  conflict({
    code: "fleet.host.identity",
    rule: "the agent at a host's address must call itself by the host's name",
    where: address,
    source: name,
    destination: is,
    remedy: `register it as ${is}, or correct the address`
  })

type Parts = {
  readonly fleet: FleetActorService
  readonly agents: HostAgents["Type"]
  readonly watching: Watching["Type"]
  readonly running: Running["Type"]
}

/** The agent is asked first: what does not answer, or is another host, is not registered. */
const register = ({ agents, fleet, watching }: Parts, host: RegisterHost): Effect.Effect<void, ApiError> =>
  Effect.gen(function* () {
    const { address, name } = host
    const described = yield* Effect.flatMap(agents.at(address), (agent) => agent.describe).pipe(
      Effect.mapError(({ message }) => unreachable(address, message))
    )
    if (described.host !== name) return yield* otherName(host, described.host)
    yield* fleet.ask((at) => ({ _tag: "RegisterHost", host: name, address, at }))
    yield* fleet.ask((at) => ({ _tag: "DescribeHost", host: name, name, pfs: described.pfs, at }))
    yield* noteHealth(fleet, name, "")
    yield* watching.begin(name)
  })

/** Asked now: what it says is recorded, as all that a host says. */
const health = ({ agents, fleet }: Parts, name: string) =>
  Effect.gen(function* () {
    yield* record(fleet, name)
    const asked = yield* agents.of(name).pipe(
      Effect.mapError(({ message }) => message),
      Effect.flatMap((agent) => look(fleet, name, agent)),
      Effect.either
    )
    if (Either.isLeft(asked)) yield* noteHealth(fleet, name, asked.left)
    return (yield* hostNamed(fleet, name)).health
  })

const placeOf = ({ host, pf }: HostOrPf) => ({ host, pf: pf ?? null })

const placements = (fleet: FleetActorService, { device, host }: PlacementQuery) =>
  Effect.gen(function* () {
    const [state, source, now] = [yield* fleet.state, yield* record(fleet, host), yield* Clock.currentTimeMillis]
    const found = device.map((name) => Fleets.locate(source, name))
    const missing = device.find((_, index) => found[index] === undefined)
    if (missing !== undefined) return yield* notFound("vf", `${host}:${missing}`)
    const devices = found.filter((one) => one !== undefined)
    const stuck = Fleets.immovable(devices)
    if (stuck.length > 0) return yield* refused(stuck)
    return placementsOf(state, host, devices, now)
  })

const compatibility = (fleet: FleetActorService, name: string) =>
  Effect.gen(function* () {
    const [state, source, now] = [yield* fleet.state, yield* record(fleet, name), yield* Clock.currentTimeMillis]
    return compatibilityOf(state, source, now)
  })

const evacuationNamed = (fleet: FleetActorService, id: string) =>
  Effect.flatMap(fleet.state, (state) => {
    const found = Views.evacuationsOf(state).find((one) => one.id === id)
    return found === undefined ? Effect.fail(notFound("evacuation", id)) : Effect.succeed(found)
  })

/** What stands in the way of the same id again is what it began. */
const evacuate = (fleet: FleetActorService, ...[id, { priority, ...place }]: Parameters<FleetService["evacuate"]>) =>
  Effect.gen(function* () {
    const known = Views.evacuationsOf(yield* fleet.state).find((one) => one.id === id)
    if (known !== undefined) return known
    yield* fleet.ask((at) => ({ _tag: "Evacuate", evacuation: id, ...placeOf(place), priority, at }))
    yield* fleet.kick
    return yield* evacuationNamed(fleet, id)
  })

const hostsAndVfs = (parts: Parts) => {
  const { fleet, watching } = parts
  const told = (place: HostOrPf, asked: Parameters<FleetActorService["ask"]>[0]) =>
    fleet.ask(asked).pipe(Effect.zipRight(fleet.kick), Effect.zipRight(hostNamed(fleet, place.host)))
  return {
    hosts: Effect.map(fleet.state, ({ hosts }) => hosts.map(Views.summaryOf)),
    pfs: Effect.map(fleet.state, Views.pfsOf),
    register: (host) =>
      Effect.zipRight(register(parts, host), hostNamed(fleet, host.name)).pipe(only("Conflict", "Refused")),
    host: (name) => hostNamed(fleet, name),
    remove: (name) =>
      Effect.zipRight(
        fleet.ask(() => ({ _tag: "RemoveHost", host: name })),
        watching.end(name)
      ).pipe(only("NotFound", "Conflict")),
    health: (name) => health(parts, name),
    cordon: (place, reason) =>
      told(place, (at) => ({ _tag: "Cordon", ...placeOf(place), reason, at })).pipe(only("NotFound")),
    uncordon: (place) =>
      told(place, () => ({ _tag: "Uncordon", ...placeOf(place) })).pipe(only("NotFound", "Conflict")),
    vfs: ({ host, pf, state: wanted }) =>
      Effect.map(fleet.state, (state) =>
        Views.vfsOf(state).filter(
          (vf) =>
            (host === undefined || vf.host === host) &&
            (pf === undefined || vf.pf === pf) &&
            (wanted === undefined || vf.state === wanted)
        )
      ),
    placements: (query) => placements(fleet, query),
    compatibility: (host) => compatibility(fleet, host)
  } satisfies Partial<FleetService>
}

const groupsAndRest = ({ fleet, running }: Parts) =>
  ({
    groups: Effect.map(fleet.state, ({ groups }) =>
      groups.map(({ devices, host, id }) => ({ name: id, host, devices }))
    ),
    define: (name, { devices, host }) =>
      fleet
        .ask(() => ({ _tag: "DefineGroup", group: name, host, devices }))
        .pipe(Effect.as({ name, host, devices }), only("NotFound", "Conflict", "Refused")),
    forget: (name) =>
      Effect.asVoid(fleet.ask(() => ({ _tag: "RemoveGroup", group: name }))).pipe(only("NotFound", "Conflict")),
    plan: (place) =>
      Effect.gen(function* () {
        const plan = Fleets.plan(yield* fleet.state, placeOf(place), yield* Clock.currentTimeMillis)
        return yield* Either.match(plan, {
          onLeft: (error) => Effect.fail(ofFleet(error)),
          onRight: (found) => Effect.succeed(Views.planOf(found))
        })
      }).pipe(only("NotFound")),
    evacuate: (id, request) => evacuate(fleet, id, request).pipe(only("NotFound", "Conflict", "Refused")),
    evacuations: Effect.map(fleet.state, Views.evacuationsOf),
    evacuation: (id) => evacuationNamed(fleet, id),
    cancelEvacuation: (id) =>
      Effect.gen(function* () {
        const answer = yield* fleet.ask((at) => ({ _tag: "CancelEvacuation", evacuation: id, at }))
        const told = answer._tag === "Cancelling" ? answer.migrations : []
        yield* Effect.forEach(told, (migration) => running.turnBack(migration, `evacuation ${id} was cancelled`), {
          discard: true
        })
        yield* fleet.kick
        return yield* evacuationNamed(fleet, id)
      }).pipe(only("NotFound", "Conflict")),
    policy: Effect.map(fleet.state, ({ policy }) => Views.policyOf(policy)),
    setPolicy: (policy) =>
      Effect.zipRight(
        fleet.ask(() => ({ _tag: "SetPolicy", policy: Views.fleetPolicy(policy) })),
        fleet.kick
      ).pipe(Effect.as(policy), only("Refused"))
  }) satisfies Partial<FleetService>

/** Over the actor of the fleet, the agents of hosts, and the migrations that run. */
export const fleetLive: Layer.Layer<Fleet, never, FleetActor | HostAgents | Watching | Running> = Layer.effect(
  Fleet,
  Effect.gen(function* () {
    const parts: Parts = {
      fleet: yield* FleetActor,
      agents: yield* HostAgents,
      watching: yield* Watching,
      running: yield* Running
    }
    return { ...hostsAndVfs(parts), ...groupsAndRest(parts) }
  })
)

/** Handlers of hosts, VFs, groups and the policy: what is asked goes to the fleet. */
import { HttpApiBuilder } from "@effect/platform"
import {
  CoordinatorApi,
  CordonRequest,
  DefineGroup,
  Group,
  Host,
  Policy,
  RegisterHost
} from "@stopcopy/coordinator-api"
import { Effect, Layer, Schema } from "effect"
import { Fleet } from "../ports/Fleet.ts"
import { makeKeyed, Nothing } from "../requests/keyed.ts"

const ports = Effect.all([Fleet, makeKeyed])

/** Without an answer. */
const answered = Effect.map((): null => null)

const hosts = HttpApiBuilder.group(CoordinatorApi, "hosts", (handlers) =>
  Effect.map(ports, ([fleet, keyed]) => {
    const without = { ...Nothing, answer: Host }
    const cordon = { schema: CordonRequest, answer: Host }
    return handlers
      .handle("list", () => fleet.hosts)
      .handle("pfs", () => fleet.pfs)
      .handle("register", ({ payload, request }) =>
        keyed(
          { request, endpoint: "hosts.register", about: "", schema: RegisterHost, payload, answer: Host },
          fleet.register(payload)
        )
      )
      .handle("describe", ({ path }) => fleet.host(path.host))
      .handle("remove", ({ path: { host }, request }) =>
        Effect.asVoid(
          keyed(
            { request, endpoint: "hosts.remove", about: host, ...Nothing, answer: Schema.Null },
            answered(fleet.remove(host))
          )
        )
      )
      .handle("health", ({ path }) => fleet.health(path.host))
      .handle("cordon", ({ path, payload, request }) =>
        keyed(
          { request, endpoint: "hosts.cordon", about: path.host, payload, ...cordon },
          fleet.cordon(path, payload.reason)
        )
      )
      .handle("uncordon", ({ path, request }) =>
        keyed({ request, endpoint: "hosts.uncordon", about: path.host, ...without }, fleet.uncordon(path))
      )
      .handle("cordonPf", ({ path, payload, request }) =>
        keyed(
          { request, endpoint: "hosts.cordonPf", about: `${path.host}:${path.pf}`, payload, ...cordon },
          fleet.cordon(path, payload.reason)
        )
      )
      .handle("uncordonPf", ({ path, request }) =>
        keyed(
          { request, endpoint: "hosts.uncordonPf", about: `${path.host}:${path.pf}`, ...without },
          fleet.uncordon(path)
        )
      )
  })
)

const vfs = HttpApiBuilder.group(CoordinatorApi, "vfs", (handlers) =>
  Effect.map(Fleet, (fleet) =>
    handlers
      .handle("list", ({ urlParams }) => fleet.vfs(urlParams))
      .handle("placements", ({ urlParams }) => fleet.placements(urlParams))
      .handle("compatibility", ({ urlParams }) => fleet.compatibility(urlParams.host))
  )
)

const groups = HttpApiBuilder.group(CoordinatorApi, "groups", (handlers) =>
  Effect.map(ports, ([fleet, keyed]) =>
    handlers
      .handle("list", () => fleet.groups)
      .handle("define", ({ path: { group }, payload, request }) =>
        keyed(
          { request, endpoint: "groups.define", about: group, schema: DefineGroup, payload, answer: Group },
          fleet.define(group, payload)
        )
      )
      .handle("remove", ({ path: { group }, request }) =>
        Effect.asVoid(
          keyed(
            { request, endpoint: "groups.remove", about: group, ...Nothing, answer: Schema.Null },
            answered(fleet.forget(group))
          )
        )
      )
  )
)

const policy = HttpApiBuilder.group(CoordinatorApi, "policy", (handlers) =>
  Effect.map(ports, ([fleet, keyed]) =>
    handlers
      .handle("get", () => fleet.policy)
      .handle("put", ({ payload, request }) =>
        keyed(
          { request, endpoint: "policy.put", about: "", schema: Policy, payload, answer: Policy },
          fleet.setPolicy(payload)
        )
      )
  )
)

export const fleetHandlers = Layer.mergeAll(hosts, vfs, groups, policy)

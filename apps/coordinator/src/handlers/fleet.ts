/** Handlers of hosts, VFs, groups and the policy: what is asked goes to the fleet. */
import { HttpApiBuilder } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import { Effect, Layer } from "effect"
import { Fleet } from "../ports/Fleet.ts"

const hosts = HttpApiBuilder.group(CoordinatorApi, "hosts", (handlers) =>
  Effect.map(Fleet, (fleet) =>
    handlers
      .handle("list", () => fleet.hosts)
      .handle("pfs", () => fleet.pfs)
      .handle("register", ({ payload }) => fleet.register(payload))
      .handle("describe", ({ path }) => fleet.host(path.host))
      .handle("remove", ({ path }) => fleet.remove(path.host))
      .handle("health", ({ path }) => fleet.health(path.host))
      .handle("cordon", ({ path, payload }) => fleet.cordon(path, payload.reason))
      .handle("uncordon", ({ path }) => fleet.uncordon(path))
      .handle("cordonPf", ({ path, payload }) => fleet.cordon(path, payload.reason))
      .handle("uncordonPf", ({ path }) => fleet.uncordon(path))
  )
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
  Effect.map(Fleet, (fleet) =>
    handlers
      .handle("list", () => fleet.groups)
      .handle("define", ({ path, payload }) => fleet.define(path.group, payload))
      .handle("remove", ({ path }) => fleet.forget(path.group))
  )
)

const policy = HttpApiBuilder.group(CoordinatorApi, "policy", (handlers) =>
  Effect.map(Fleet, (fleet) =>
    handlers.handle("get", () => fleet.policy).handle("put", ({ payload }) => fleet.setPolicy(payload))
  )
)

export const fleetHandlers = Layer.mergeAll(hosts, vfs, groups, policy)

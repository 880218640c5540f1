/**
 * The question before a migration. Both hosts are asked afresh; what the fleet would say to it and what the driver would say are said together. Nothing
 * is recorded.
 */
import type { HostDescription } from "@stopcopy/agent"
import { type ApiError, type Preflight, type PreflightRequest, Unavailable } from "@stopcopy/coordinator-api"
import { decide, evolve, type Fleet, type Order } from "@stopcopy/fleet"
import { preflight as rules, unchecked } from "@stopcopy/migration"
import { Clock, Effect, Either } from "effect"
import type { HostAgents } from "../hosts/HostAgents.ts"
import { notFound, ofFleet } from "../fleet/errors.ts"
import { submitOf } from "./submission.ts"
import { orderOf } from "./attempts.ts"

const described = (agents: HostAgents["Type"], host: string): Effect.Effect<HostDescription, Unavailable> =>
  Effect.flatMap(agents.of(host), (agent) => agent.describe).pipe(
    Effect.mapError(({ message }) => new Unavailable({ code: "host.unreachable", message, refusals: [] }))
  )

/** The fleet as it would be if it had just heard from this host. */
const heard = (state: Fleet, { host, pfs }: HostDescription, at: number): Fleet =>
  [
    { _tag: "HostDescribed", host, pfs, at } as const,
    { _tag: "HealthNoted", host, reachable: true, reason: "", at } as const
  ].reduce(evolve, state)

/** What the driver would refuse, and what stays unchecked, for devices that the fleet has a place for. */
const judged = (order: Order, asked: ReadonlyArray<HostDescription>) => {
  const [source, destination] = [order.from, order.to].map((name) => asked.find(({ host }) => host === name))
  const ordered = orderOf(
    { ...order, phase: "queued", attempt: 0, retryAt: null, cancelling: false, lastReason: null },
    { _tag: "Abort" }
  )
  if (source === undefined || destination === undefined || ordered === undefined) return { blockers: [], unchecked: [] }
  const sides = { source, destination }
  return { blockers: rules(ordered, sides), unchecked: unchecked(ordered, sides) }
}

export const preflight = (
  fleet: Effect.Effect<Fleet, Unavailable>,
  agents: HostAgents["Type"],
  request: PreflightRequest
): Effect.Effect<Preflight, ApiError> =>
  Effect.gen(function* () {
    const state = yield* fleet
    const checkedAt = yield* Clock.currentTimeMillis
    const names = request.to === undefined ? [request.from] : [request.from, request.to.host]
    const unknown = names.find((name) => !state.hosts.some(({ id }) => id === name))
    if (unknown !== undefined) return yield* notFound("host", unknown)
    const asked = yield* Effect.forEach([...new Set(names)], (name) => described(agents, name), {
      concurrency: "unbounded"
    })
    const fresh = asked.reduce((now, host) => heard(now, host, checkedAt), state)
    const { answer } = decide(fresh, submitOf(fresh, "preflight", request, checkedAt))
    const base = { from: request.from, checkedAt }
    if (Either.isLeft(answer)) {
      if (answer.left.kind === "unknown" || answer.left.kind === "invalid") return yield* ofFleet(answer.left)
      return { ...base, fits: false, blockers: answer.left.refusals, to: request.to?.host ?? null, moves: [] }
    }
    if (answer.right._tag !== "Queued") return { ...base, fits: false, blockers: [], to: null, moves: [] }
    const { order } = answer.right
    const chosen = request.to === undefined ? [...asked, yield* described(agents, order.to)] : asked
    const found = judged(order, chosen)
    const moves = order.moves.map(({ destination, source }) => ({ source, destination }))
    return { ...base, ...found, fits: found.blockers.length === 0, to: order.to, moves }
  })

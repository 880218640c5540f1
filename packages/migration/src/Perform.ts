/** Performs one step on all devices of a group, and says how it ended. Every step may be performed again. */
import type { HostDescription } from "@stopcopy/agent"
import { Views } from "@stopcopy/agent"
import { isErrno } from "@stopcopy/errno"
import { MigrationFlags, type MigrationState } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { type Agent, Agents } from "./Agents.ts"
import type { Downtime, Moved } from "./Downtime.ts"
import type { Difference, Failure } from "./Failure.ts"
import type { Outcome } from "./MigrationCommand.ts"
import type { Action, Target } from "./Next.ts"
import type { Side } from "./Order.ts"
import { type Patience, patiently } from "./Patience.ts"
import type { Sides } from "./Preflight.ts"
import type { Deed } from "./Step.ts"
import { SessionLost, slowest, transfer, WrongEnd } from "./Transfer.ts"

/** What steps are performed with. */
export interface Tools {
  readonly migration: string
  readonly patience: Patience
  /** Downtimes of migrations that completed before, for the forecast. */
  readonly history: Effect.Effect<ReadonlyArray<Downtime>>
}

interface Failed {
  readonly _tag: string
  readonly message: string
}

const failureOf =
  (side: Side, device: string | null) =>
  (error: Failed): Failure => ({
    code: error._tag,
    message: error.message,
    side,
    device,
    refusal: isErrno(error) ? (error.refusal ?? null) : null
  })

/** One side of an action: calls on its host, tried patiently, with failures as they are recorded. */
interface Caller {
  readonly call: <A, E extends Failed>(
    device: string | null,
    use: (agent: Agent) => Effect.Effect<A, E>
  ) => Effect.Effect<A, Failure>
}

const callerOf = (side: Side, host: string, { patience }: Tools): Effect.Effect<Caller, never, Agents> =>
  Effect.map(Agents, (agents) => ({
    call: (device, use) =>
      Effect.mapError(patiently(patience, Effect.flatMap(agents.of(host), use)), failureOf(side, device))
  }))

interface Callers {
  readonly source: Caller
  readonly destination: Caller
}

/** Does the same for every device; all are brought to an end, the first failure in the order of the group is that of the step. */
const forAll = <A>(
  { targets }: Action,
  { patience }: Tools,
  use: (target: Target) => Effect.Effect<A, Failure>
): Effect.Effect<ReadonlyArray<A>, Failure> =>
  Effect.flatMap(
    Effect.forEach(targets, (target) => Effect.either(use(target)), { concurrency: patience.together }),
    Either.all
  )

type Change = Extract<Deed, { readonly side: Side }>

/**
 * The state that a step leads a device to. One that it does not have is passed over, as the kernel passes over it on its ways; a device without PRE_COPY
 * is as quiet in RUNNING_P2P. Undefined: it stays where it is.
 */
const reachable = (flags: number, to: MigrationState): MigrationState | undefined => {
  if (MigrationFlags.supports(flags, to)) return to
  return to === "PRE_COPY_P2P" && MigrationFlags.supports(flags, "RUNNING_P2P") && !hasPreCopy(flags)
    ? "RUNNING_P2P"
    : undefined
}

const hasPreCopy = (flags: number): boolean => (flags & MigrationFlags.PRE_COPY) !== 0

/** One call that changes one device. */
const change = (deed: Change, target: Target, migration: string) => {
  const { digest, epoch, flags, goal } = target
  const call = { device: target[deed.side], epoch, migration }
  const leading = goal === null ? {} : { destination: goal }
  return (agent: Agent): Effect.Effect<unknown, Failed> => {
    switch (deed._tag) {
      case "SetState": {
        const to = reachable(flags, deed.to)
        return to === undefined ? Effect.void : agent.setState({ ...call, ...leading, to })
      }
      case "Fence":
        return agent.fence({ ...call, ...leading })
      case "Reset":
        return agent.reset(call)
      case "Grant":
        return agent.grant({ ...call, digest })
      case "Adopt":
        return agent.adopt(call)
    }
  }
}

const look = ({ targets }: Action, { destination, source }: Callers): Effect.Effect<Sides, Failure> => {
  const devicesOf = (caller: Caller, names: ReadonlyArray<string>): Effect.Effect<HostDescription, Failure> =>
    caller.call(null, (agent) => agent.describeOnly(names))
  return Effect.all(
    {
      source: devicesOf(
        source,
        targets.map((target) => target.source)
      ),
      destination: devicesOf(
        destination,
        targets.map((target) => target.destination)
      )
    },
    { concurrency: 2 }
  )
}

const judge = (action: Action, callers: Callers, tools: Tools): Effect.Effect<Outcome, Failure> =>
  Effect.gen(function* () {
    const sides = yield* look(action, callers)
    const { migration } = tools
    const sizes = yield* forAll(action, tools, ({ source: device }) =>
      callers.source
        .call(device, (agent) => agent.dataSize({ device, migration }))
        // A device need not know: then the forecast has what does not depend on the bytes.
        .pipe(
          Effect.catchIf(
            ({ code }) => code === "ENOTTY",
            () => Effect.succeed(0n)
          )
        )
    )
    const bytes = sizes.reduce((sum, size) => sum + Number(size), 0)
    return { _tag: "Judged", ...sides, bytes, history: yield* tools.history }
  })

const nothingMoved: Moved = { bytes: 0, saveMicros: 0, transferMicros: 0 }

const carry =
  (until: "now" | "good", { destination, source }: Callers, { migration, patience }: Tools) =>
  (target: Target): Effect.Effect<Moved, Failure> => {
    // Without pre-copy there is nothing before STOP_COPY.
    if (until === "now" && !hasPreCopy(target.flags)) return Effect.succeed(nothingMoved)
    const from = { device: target.source, epoch: target.epochs.source, migration }
    const to = { device: target.destination, epoch: target.epochs.destination, migration }
    const moved = transfer<Failure>(
      {
        from: source.call(from.device, (agent) => agent.getState(from)),
        to: destination.call(to.device, (agent) => agent.getState(to)),
        save: (session, offset) =>
          source.call(from.device, (agent) => agent.save({ ...from, session, offset, length: patience.chunk })),
        load: (session, offset, bytes) =>
          destination.call(to.device, (agent) => agent.resume({ ...to, session, offset, bytes }))
      },
      until
    )
    const put = (error: SessionLost | WrongEnd): Failure =>
      failureOf(error.side, error.side === "source" ? from.device : to.device)(error)
    return Effect.mapError(moved, (error) =>
      error instanceof SessionLost || error instanceof WrongEnd ? put(error) : error
    )
  }

/** The digest of one device, and the first field in which the sides differ. */
const compareOne =
  ({ destination, source }: Callers, migration: string) =>
  (target: Target): Effect.Effect<{ readonly digest: string; readonly difference: Difference | null }, Failure> => {
    const ask = (view: boolean) =>
      Effect.all(
        [
          source.call(target.source, (agent) => agent.digest({ device: target.source, migration, view })),
          destination.call(target.destination, (agent) => agent.digest({ device: target.destination, migration, view }))
        ],
        { concurrency: 2 }
      )
    return Effect.gen(function* () {
      const [here, there] = yield* ask(false)
      const digest = here.digests.whole
      if (digest === there.digests.whole) return { digest, difference: null }
      const [was, is] = yield* ask(true)
      const [section] = Views.differingSections(here.digests, there.digests)
      const whole = { field: section ?? "view", source: digest, destination: there.digests.whole }
      const difference = Views.firstDifference(was.view ?? {}, is.view ?? {}) ?? whole
      return { digest, difference: { device: target.destination, ...difference } }
    })
  }

const performOn = (action: Action, callers: Callers, tools: Tools): Effect.Effect<Outcome, Failure> => {
  const { deed } = action
  const plain: Outcome = { _tag: "Plain" }
  switch (deed._tag) {
    case "Inspect":
      return Effect.map(look(action, callers), (sides) => ({ _tag: "Inspected", ...sides }))
    case "Judge":
      return judge(action, callers, tools)
    case "Transfer":
      return Effect.map(forAll(action, tools, carry(deed.until, callers, tools)), (moved) => ({
        _tag: "Moved",
        ...slowest(moved)
      }))
    case "Verify":
      return Effect.map(forAll(action, tools, compareOne(callers, tools.migration)), (compared) => ({
        _tag: "Compared",
        digests: compared.map(({ digest }) => digest),
        difference: compared.find(({ difference }) => difference !== null)?.difference ?? null
      }))
    case "Commit":
      return Effect.succeed(plain)
    case "SetState":
    case "Fence":
    case "Reset":
    case "Grant":
    case "Adopt":
      return Effect.as(
        forAll(action, tools, (target) =>
          callers[deed.side].call(target[deed.side], change(deed, target, tools.migration))
        ),
        plain
      )
  }
}

/** Performs the step of an action; fails when all tries are used up, or when the failure will not pass. */
export const perform = (action: Action, tools: Tools): Effect.Effect<Outcome, Failure, Agents> =>
  Effect.flatMap(
    Effect.all({
      source: callerOf("source", action.source, tools),
      destination: callerOf("destination", action.destination, tools)
    }),
    (callers) => performOn(action, callers, tools)
  )

/**
 * Which single arc comes next on the way from one state to another. Source: `vfio_mig_get_next_state` in
 * `drivers/vfio/vfio_main.c`, with its correction for blocked arcs: the skip over unsupported states stops at ERROR.
 *
 * N1 The current state is judged before the requested one.
 * N2 Every call ends: from ERROR the table leads nowhere else, and skipping shortens the way to the requested state.
 * N3 From a supported state the answer is the state itself if it is requested.
 */
import { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import * as Flags from "./MigrationFlags.ts"
import * as State from "./MigrationState.ts"

const ERROR = 0

/** `table[from][to]` for a device with every feature. Row and column 0 are ERROR. */
const table: ReadonlyArray<ReadonlyArray<number>> = [
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0, 1, 5, 3, 4, 5, 5, 5],
  [0, 5, 2, 5, 5, 5, 6, 5],
  [0, 1, 1, 3, 1, 1, 0, 0],
  [0, 1, 1, 1, 4, 1, 1, 1],
  [0, 1, 2, 1, 1, 5, 2, 7],
  [0, 2, 2, 7, 2, 2, 6, 7],
  [0, 5, 5, 3, 5, 5, 6, 7]
]

/** The next state of the base table: `from` and `to` are state numbers 0 to 7; 0 (ERROR) where no arc leads on. */
export const baseEntry = (from: number, to: number): number => table[from]?.[to] ?? ERROR

const unusable = (role: "current" | "requested", number: number, flags: number): EINVAL => {
  const where = `${role} state`
  const source = State.describeNumber(number)
  if (number === ERROR) {
    return new EINVAL({
      refusal: {
        code: `vfio.state.error.${role}`,
        rule: "ERROR cannot be requested, and only a reset leaves it",
        where,
        source,
        destination: "any state but ERROR",
        remedy: role === "current" ? "reset the device" : "request another state"
      }
    })
  }
  if (State.all[number] === undefined) {
    return new EINVAL({
      refusal: {
        code: `vfio.state.unknown.${role}`,
        rule: "a state number is one of the protocol's",
        where,
        source,
        destination: "1 to 7",
        remedy: "use a number that the protocol defines"
      }
    })
  }
  return new EINVAL({
    refusal: {
      code: `vfio.state.unsupported.${role}`,
      rule: "the device has every feature that the state needs",
      where,
      source,
      destination: Flags.describe(flags),
      remedy: "read the device's migration flags and use only their states"
    }
  })
}

const blocked = (current: number, requested: number): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.arc.blocked",
      rule: "no path leads from STOP_COPY back into pre-copy",
      where: "requested arc",
      source: State.describeNumber(current),
      destination: State.describeNumber(requested),
      remedy: "go through STOP and RUNNING first; this ends the saving session"
    }
  })

const supportedTarget = (flags: number, current: number, requested: number): number => {
  let target = baseEntry(current, requested)
  while (target !== ERROR && !Flags.supportsNumber(flags, target)) target = baseEntry(target, requested)
  return target
}

/**
 * The target of the next single arc, on raw state numbers: anything may come in. Fails with `EINVAL` and one of
 * `vfio.state.{error,unknown,unsupported}.{current,requested}` or `vfio.arc.blocked`.
 */
export const nextState = (flags: number, current: number, requested: number): Either.Either<number, EINVAL> => {
  if (!Flags.supportsNumber(flags, current)) return Either.left(unusable("current", current, flags))
  if (!Flags.supportsNumber(flags, requested)) return Either.left(unusable("requested", requested, flags))
  const target = supportedTarget(flags, current, requested)
  return target === ERROR ? Either.left(blocked(current, requested)) : Either.right(target)
}

/** Whether the kernel would warn of a driver's mistake: the device claims to be in a state it does not have. */
export const isProgrammingError = (flags: number, current: number): boolean => !Flags.supportsNumber(flags, current)

/** `nextState` by name. */
export const nextArc = (
  flags: number,
  from: State.MigrationState,
  to: State.MigrationState
): Either.Either<State.MigrationState, EINVAL> =>
  Either.flatMap(nextState(flags, State.toNumber(from), State.toNumber(to)), (target) =>
    Either.fromOption(State.fromNumber(target), () => unusable("current", target, flags))
  )

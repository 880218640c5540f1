/**
 * A device behind a vfio-user socket as a `MigratableDevice` of `@stopcopy/vfio`, so that what migrates devices can drive any server. Source: sections 13
 * and 14 of the vfio-user specification. Where libvfio-user departs from kernel VFIO (a reset that keeps the migration state, or is refused in STOP), the
 * device is walked to RUNNING as the contract demands.
 *
 * Transitions may take long: raise their time with `withTimeout`. After `CallTimedOut` or `Disconnected` the state is unknown; `getState` tells.
 */
import { EINVAL, ENOTTY, type Errno, isErrno } from "@stopcopy/errno"
import {
  type MigratableDevice,
  type MigrationFile,
  MigrationFlags,
  type MigrationState,
  MigrationStates,
  Path
} from "@stopcopy/vfio"
import { Effect, Option } from "effect"
import type { Client } from "../Client.ts"
import { Command } from "../Command.ts"
import { type CallError, type ServerFailure, UnknownErrno } from "./errors.ts"
import { makeRemoteFile, type Session } from "./RemoteFile.ts"

type Failure = Errno | ServerFailure

const running = MigrationStates.toNumber("RUNNING")

/** An errno where the contract has none: the server answers what it must not. */
const unexpected = (error: CallError): ServerFailure =>
  isErrno(error) ? new UnknownErrno({ errno: error.errno, command: Command.DEVICE_FEATURE }) : error

const stateOf = (client: Client): Effect.Effect<MigrationState, ServerFailure> =>
  Effect.flatMap(Effect.mapError(client.migrationState, unexpected), (number) =>
    Option.match(MigrationStates.fromNumber(number), {
      onNone: () => Effect.fail(client.core.violate("a migration state is 0 to 7", String(number))),
      onSome: (state) => Effect.succeed(state)
    })
  )

/** What the arcs of a walk from `from` do to the data session, in order. */
const effectsOf = (flags: number, from: MigrationState, requested: number): ReadonlyArray<Path.SessionEffect> => {
  const { path } = Path.walk(flags, MigrationStates.toNumber(from), requested)
  const states = [from, ...path.flatMap((number) => Option.toArray(MigrationStates.fromNumber(number)))]
  return states.slice(1).map((to, index) => Path.sessionEffect({ from: states[index] ?? from, to }))
}

/** The session that is open, if any. */
interface Sessions {
  current: Session | undefined
}

const endSession = (sessions: Sessions): void => {
  if (sessions.current !== undefined) sessions.current.alive = false
  sessions.current = undefined
}

const follow = (sessions: Sessions, effects: ReadonlyArray<Path.SessionEffect>): void => {
  for (const effect of effects) {
    if (effect === "none" || effect === "continuesSaving") continue
    endSession(sessions)
    if (effect === "opensSaving") sessions.current = { kind: "saving", alive: true }
    if (effect === "opensResuming") sessions.current = { kind: "resuming", alive: true }
  }
}

/** After a walk that failed somewhere: the session lives on if the device is still in a state that has it. */
const recheck = (client: Client, sessions: Sessions): Effect.Effect<void> =>
  Effect.match(stateOf(client), {
    onFailure: () => endSession(sessions),
    onSuccess: (state) => {
      if (sessions.current?.kind !== MigrationStates.facts[state].session) endSession(sessions)
    }
  })

const setState = (client: Client, flags: number, sessions: Sessions, requested: number) =>
  Effect.gen(function* () {
    const from = yield* stateOf(client)
    yield* Effect.tapError(client.setMigrationState(requested), () => recheck(client, sessions))
    const effects = effectsOf(flags, from, requested)
    follow(sessions, effects)
    const opened = effects.at(-1) === "opensSaving" || effects.at(-1) === "opensResuming"
    return opened && sessions.current !== undefined
      ? Option.some(makeRemoteFile(client, sessions.current, stateOf(client)))
      : Option.none<MigrationFile<ServerFailure>>()
  })

/** A server may refuse to reset a device that stands still: then it runs first. */
const resetStopped = (client: Client, refusal: EINVAL): Effect.Effect<void, Failure> =>
  Effect.flatMap(stateOf(client), (state) =>
    state === "STOP" || state === "STOP_COPY"
      ? Effect.zipRight(client.setMigrationState(running), client.reset)
      : Effect.fail(refusal)
  )

const reset = (client: Client, sessions: Sessions): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    yield* Effect.catchTag(client.reset, "EINVAL", (refusal) => resetStopped(client, refusal))
    if ((yield* stateOf(client)) !== "RUNNING") yield* client.setMigrationState(running)
    endSession(sessions)
  }).pipe(Effect.tapError(() => recheck(client, sessions)))

const noDataSize = (): ENOTTY =>
  new ENOTTY({
    refusal: {
      code: "vfio-user.remote.dataSize",
      rule: "the size of the data is an extension",
      where: "capabilities of the server",
      source: "no data_size",
      destination: "data_size",
      remedy: "go without the estimate"
    }
  })

const notMigratable = (flags: number): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio-user.remote.flags",
      rule: "a device that migrates has STOP_COPY, alone or with P2P and PRE_COPY",
      where: "flags of feature MIGRATION",
      source: MigrationFlags.describe(flags),
      destination: "1, 3, 5 or 7",
      remedy: "use a server whose device can migrate"
    }
  })

/** The device of `client`. `EINVAL` or the server's errno where it cannot migrate. */
export const makeRemoteDevice = (client: Client): Effect.Effect<MigratableDevice<ServerFailure>, CallError> =>
  Effect.gen(function* () {
    const flags = yield* client.migrationFlags
    if (!MigrationFlags.isDefined(flags)) return yield* notMigratable(flags)
    const sessions: Sessions = { current: undefined }
    const turn = yield* Effect.makeSemaphore(1)
    /** Waiting for the turn can be interrupted, a transition that was asked for cannot: its file would be lost. */
    const inTurn = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      turn.withPermits(1)(Effect.uninterruptible(effect))
    return {
      flags,
      setState: (requested) => inTurn(setState(client, flags, sessions, requested)),
      getState: stateOf(client),
      dataSize: client.negotiated.extensions.dataSize ? client.migrationDataSize : Effect.fail(noDataSize()),
      reset: inTurn(reset(client, sessions))
    }
  })

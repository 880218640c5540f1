/** The calls of the contract on one device of a host, whatever the host. Sessions, repeats and epochs are kept here. */
import { EBUSY } from "@stopcopy/errno"
import { Ioctl, type MigrationState, MigrationStates, PrecopyInfo as Wire } from "@stopcopy/vfio"
import { Deferred, Effect, Either, FiberId } from "effect"
import { toItsEnd } from "../Caller.ts"
import type { DigestsNow, StateNow, StateReached } from "../Contract.ts"
import * as Epochs from "../Epoch.ts"
import {
  type DeviceError,
  DigestMismatch,
  type EpochError,
  type GrantError,
  type HostFailed,
  type NoSuchSession,
  type TransferError
} from "../Errors.ts"
import type { HostDevice } from "../Host.ts"
import type { LoadedChunk, PrecopyInfo, SavedChunk } from "../Transfer.ts"
import type { SessionToken } from "../Values.ts"
import { GuestSteps, type Leading } from "./GuestSteps.ts"
import { Ownership } from "./Ownership.ts"
import { Sessions } from "./Sessions.ts"
import { makeTurns, type Turns } from "./Turn.ts"

const notStopped = (state: MigrationState): EBUSY =>
  new EBUSY({
    refusal: {
      code: "agent.grant.state",
      rule: "a device votes when it stands still with its state loaded",
      where: "device state",
      source: state,
      destination: "STOP",
      remedy: "set the state to STOP, then grant"
    }
  })

const stopped = MigrationStates.toNumber("STOP")
const stopCopy = MigrationStates.toNumber("STOP_COPY")

/** The calls on one device. */
export class DeviceCalls {
  private readonly turns: Turns
  private readonly sessions: Sessions
  private readonly ownership: Ownership
  private readonly guest: GuestSteps
  private readonly host: HostDevice

  constructor(host: HostDevice) {
    this.host = host
    this.turns = makeTurns(host.facts.name)
    this.sessions = new Sessions(host)
    this.ownership = new Ownership(host)
    this.guest = new GuestSteps(host)
  }

  /** A call under an epoch, in its turn: judged when the turn begins. */
  private owned<A, E>(epoch: number, call: Effect.Effect<A, E>) {
    const judged = Effect.flatMap(this.ownership.record, (record) => Epochs.judge(this.host.facts.name, record, epoch))
    return this.turns.take(Effect.zipRight(judged, call))
  }

  /** The state as it is now; sessions that it does not have are ended. */
  private readonly reached: Effect.Effect<StateReached, HostFailed> = Effect.suspend(() =>
    Effect.flatMap(this.host.migration.getState, (state) =>
      Effect.map(this.sessions.settle(state), () => {
        const session = this.sessions.describe(state)
        return { state, session }
      })
    )
  ).pipe(Effect.tap(({ state }) => (state === "STOP_COPY" ? Effect.void : this.keep(false))))

  /** Whether the guest's VMM is to leave the device alone. */
  private keep(taken: boolean): Effect.Effect<void, HostFailed> {
    const { custody } = this.host
    return custody === undefined || custody.taken() === taken ? Effect.void : custody.keep(taken)
  }

  private walk(to: number): Effect.Effect<void, DeviceError> {
    const walked = Effect.flatMap(this.host.migration.setState(to), this.sessions.open)
    return Effect.tapError(to === stopCopy ? this.inCustody(walked) : walked, () => this.reached)
  }

  /** A walk to STOP_COPY. A session that the VMM has there is not the caller's: it stays the VMM's, unless the caller had taken it before. */
  private inCustody<E>(walked: Effect.Effect<void, E>): Effect.Effect<void, E | HostFailed> {
    return Effect.suspend(() => {
      const before = this.host.custody?.taken() === true
      const ours = Effect.map(this.host.migration.getState, (state) => before || this.sessions.describe(state) !== null)
      // From here on: a change by the VMM that has begun comes before this one, and none behind it.
      return this.keep(true).pipe(
        Effect.zipRight(walked),
        Effect.zipRight(ours),
        Effect.flatMap((isOurs) => (isOurs ? Effect.void : this.keep(false)))
      )
    })
  }

  readonly setState = (
    epoch: number,
    to: MigrationState,
    leading?: Leading
  ): Effect.Effect<StateReached, EpochError> => {
    const walked = Effect.zipRight(this.walk(MigrationStates.toNumber(to)), this.reached)
    return this.owned(epoch, Effect.zipRight(this.before(to, leading), this.settled(walked)))
  }

  /** What the guest's VMM does before a walk. */
  private before(to: MigrationState, leading: Leading | undefined): Effect.Effect<void, DeviceError> {
    if (leading === undefined) return Effect.void
    if (to === "PRE_COPY") return this.guest.prepare(leading)
    return to === "STOP_COPY" ? this.guest.pause(leading) : Effect.void
  }

  /** A device that runs is the guest's again. */
  private settled<E>(reached: Effect.Effect<StateReached, E>): Effect.Effect<StateReached, E | DeviceError> {
    return Effect.tap(reached, ({ state }) => (state === "RUNNING" ? this.guest.resumed : Effect.void))
  }

  readonly getState: Effect.Effect<StateNow, DeviceError> = Effect.suspend(() =>
    Effect.zipWith(this.host.migration.getState, this.ownership.record, (state, record) => ({
      state,
      session: this.sessions.describe(state),
      ...record
    }))
  )

  readonly dataSize: Effect.Effect<bigint, DeviceError> = Effect.suspend(() => this.host.migration.dataSize)

  readonly precopyInfo = (token: SessionToken): Effect.Effect<PrecopyInfo, DeviceError | NoSuchSession> =>
    Effect.gen(this, function* () {
      const { file } = yield* this.sessions.saving(token)
      const question = Wire.encode({ argsz: Wire.byteLength, flags: 0, initialBytes: 0n, dirtyBytes: 0n })
      const answer = yield* file.ioctl(Ioctl.MIG_GET_PRECOPY_INFO, question)
      const { dirtyBytes, initialBytes } = yield* Wire.decode(answer)
      return { initialBytes, dirtyBytes }
    })

  readonly save = (
    epoch: number,
    token: SessionToken,
    offset: number,
    length: number
  ): Effect.Effect<SavedChunk, TransferError> =>
    this.owned(
      epoch,
      Effect.flatMap(this.sessions.saving(token), (session) => session.read(offset, length))
    )

  readonly resume = (
    epoch: number,
    token: SessionToken,
    offset: number,
    bytes: Uint8Array
  ): Effect.Effect<LoadedChunk, TransferError> =>
    this.owned(
      epoch,
      Effect.flatMap(this.sessions.resuming(token), (session) => session.write(offset, bytes))
    )

  readonly digest = (view: boolean): Effect.Effect<DigestsNow, DeviceError> =>
    Effect.zipWith(this.host.migration.getState, this.host.view, (state, made) => ({
      state,
      digests: made.digests,
      view: view ? made.view : null
    }))

  /** The reset itself waits for no turn: it is what ends a walk that hangs. A fence that comes meanwhile has the last word. */
  readonly reset = (epoch: number): Effect.Effect<StateReached, EpochError> => {
    const still = Effect.flatMap(this.ownership.record, ({ standing }) =>
      standing === "held" ? Effect.void : this.walk(stopped)
    )
    const made = Effect.gen(this, function* () {
      yield* this.ownership.change((now) =>
        Either.map(Epochs.judgeNumber(this.host.facts.name, now, epoch), () => Epochs.afterReset(now))
      )
      const session = this.sessions.describe(yield* this.host.migration.getState)
      yield* this.host.migration.reset
      yield* this.sessions.endOf(session)
      return yield* this.turns.follow(this.settled(Effect.zipRight(still, this.reached)))
    })
    return toItsEnd(made)
  }

  readonly grant = (epoch: number, digest: string | null): Effect.Effect<Epochs.EpochRecord, GrantError> => {
    const { name } = this.host.facts
    const standing = Effect.gen(this, function* () {
      const state = yield* this.host.migration.getState
      if (state !== "STOP") return yield* notStopped(state)
      const own = (yield* this.host.view).digests.whole
      if (digest !== null && digest !== own) return yield* new DigestMismatch({ device: name, called: digest, own })
    })
    const withdraw = Effect.gen(this, function* () {
      yield* this.ownership.change((record) => Either.right(Epochs.afterReset(record)))
      yield* Effect.flatMap(this.host.migration.getState, (state) => this.standStill(state))
    })
    // While the vote was being recorded the guest's VMM could still let the device run: then it was for another state.
    const vote = Effect.gen(this, function* () {
      yield* standing
      const record = yield* this.ownership.change((now) => Epochs.grant(name, now, epoch, digest))
      yield* Effect.tapError(standing, () => withdraw)
      return record
    })
    return this.turns.take(vote)
  }

  readonly adopt = (epoch: number): Effect.Effect<Epochs.EpochRecord, EpochError> =>
    this.ownership.change((record) => Epochs.adopt(this.host.facts.name, record, epoch))

  /** The guest's VMM goes on its way once nothing of the guest can happen here any more. */
  readonly fence = (epoch: number, leading?: Leading): Effect.Effect<Epochs.EpochRecord, EpochError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function* () {
        const record = yield* this.ownership.change((now) => Epochs.fence(this.host.facts.name, now, epoch))
        const stopping = yield* this.beginStop
        yield* restore(Deferred.await(stopping))
        if (leading !== undefined) yield* restore(this.guest.switched(leading))
        return record
      })
    )

  /** The stop that waits for its turn, if one does: whoever fences meanwhile waits for the same. */
  private waitingStop: Deferred.Deferred<void, DeviceError> | undefined

  /** Stops the device in its turn, also when the caller leaves: what was fenced does not go on because nobody waits any more. */
  private readonly beginStop: Effect.Effect<Deferred.Deferred<void, DeviceError>> = Effect.suspend(() => {
    if (this.waitingStop !== undefined) return Effect.succeed(this.waitingStop)
    const stopping = Deferred.unsafeMake<void, DeviceError>(FiberId.none)
    this.waitingStop = stopping
    const stop = Effect.suspend(() => {
      this.waitingStop = undefined
      return Effect.flatMap(this.host.migration.getState, (state) => this.standStill(state))
    })
    const begun = Effect.forkDaemon(Effect.interruptible(Effect.intoDeferred(this.turns.follow(stop), stopping)))
    return Effect.as(begun, stopping)
  })

  /** Stops a device that runs although it does not hold its epoch, because the process ended between a fence and its stop. */
  readonly enforce: Effect.Effect<void, DeviceError> = Effect.suspend(() =>
    Effect.flatMap(this.ownership.record, ({ standing }) =>
      standing === "held"
        ? Effect.void
        : this.turns.follow(Effect.flatMap(this.host.migration.getState, (state) => this.standStill(state)))
    )
  )

  private standStill(state: MigrationState): Effect.Effect<void, DeviceError> {
    const goesOn = MigrationStates.isRunning(state) || MigrationStates.isSaving(state)
    return goesOn ? Effect.asVoid(Effect.zipRight(this.walk(stopped), this.reached)) : Effect.void
  }
}

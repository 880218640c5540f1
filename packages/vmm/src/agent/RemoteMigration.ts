/**
 * The migration of a device behind a vfio-user socket, as an agent drives it: whatever connection there is, with failures of the way as failures of the host.
 *
 * R1 A session ends with its connection: its file fails, and the migration begins again.
 * R2 A device that stood still when its connection ended does not go on before it was reset, unless its server is known to keep what it has: nobody can tell
 *    whether the guest's state is still in it. `EIO`.
 * R3 A device is led while it is out of RUNNING for this agent or the one before it, or is recorded to stand still: also one that seems to run since its server has lost it.
 */
import { HostFailed } from "@stopcopy/agent"
import { EIO, type Errno, isErrno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { type MigratableDevice, type MigrationFile, MigrationStates } from "@stopcopy/vfio"
import { type CallError, type Client, makeRemoteDevice, type ServerFailure, withTimeout } from "@stopcopy/vfio-user"
import { Effect, Option } from "effect"
import { because } from "../internal/words.ts"
import type { DeviceAccess } from "./DeviceAccess.ts"
import type { StillActor } from "./StandingStill.ts"

/** How long a walk to a state may take, in milliseconds: a drain of a device may take seconds. */
const walkMillis = 30_000

const running = MigrationStates.toNumber("RUNNING")
/** In these the guest runs, and sees for itself when its device is lost. */
const atWork: ReadonlySet<number> = new Set([running, MigrationStates.toNumber("PRE_COPY")])

interface RemoteOptions {
  readonly name: string
  readonly access: DeviceAccess
  /** The features that the device told when it was looked at. */
  readonly flags: number
  readonly still: StillActor
  /** The server is known to keep the device's state over a lost connection. */
  readonly keepsState: boolean
}

const lost = (name: string) =>
  new EIO(
    because(
      "agent.lost",
      "a device goes on with the state that it had when it was stopped",
      name,
      "the connection ended while it stood still",
      "a server that is known to keep its device over connections",
      "look for the guest's state on the other side; reset this device before it is used"
    )
  )

type Remote = MigratableDevice<ServerFailure>

/** One device over one connection after the other. */
class Connections {
  private known: { readonly client: Client; readonly device: Remote } | undefined
  /** The connection over which the device was stopped; none: an earlier one, or it was not. */
  private stoppedOver: Client | undefined
  /** R3. */
  isLed = false
  private readonly options: RemoteOptions

  constructor(options: RemoteOptions) {
    this.options = options
  }

  private readonly failed = (error: ServerFailure | JournalError): HostFailed =>
    new HostFailed({ device: this.options.name, reason: error.message })

  private readonly put = (error: CallError | JournalError): Errno | HostFailed =>
    isErrno(error) ? error : this.failed(error)

  /** The device over the present connection. */
  private readonly present = Effect.suspend(() =>
    Effect.flatMap(this.options.access.client, (client) => {
      if (this.known?.client === client) return Effect.succeed(this.known)
      return Effect.map(Effect.mapError(makeRemoteDevice(client), this.put), (device) => {
        const made = { client, device }
        this.known = made
        return made
      })
    })
  )

  private remember(still: boolean, client: Client): Effect.Effect<void, HostFailed> {
    const { still: actor } = this.options
    return Effect.mapError(actor.ask({ _tag: "RecordStill", still }), this.failed).pipe(
      Effect.tap(() => {
        this.stoppedOver = still ? client : undefined
      })
    )
  }

  private readonly isStill = Effect.suspend(() =>
    Effect.mapBoth(this.options.still.state, { onFailure: this.failed, onSuccess: ({ still }) => still })
  )

  private sound(client: Client): Effect.Effect<void, EIO | HostFailed> {
    if (this.options.keepsState) return Effect.void
    return Effect.flatMap(this.isStill, (still) =>
      still && this.stoppedOver !== client ? Effect.fail(lost(this.options.name)) : Effect.void
    )
  }

  /** Fails where the state that the device was stopped with may be gone. */
  readonly check: Effect.Effect<void, Errno | HostFailed> = Effect.suspend(() =>
    Effect.flatMap(this.present, ({ client }) => this.sound(client))
  )

  private file(file: MigrationFile<ServerFailure>): MigrationFile<HostFailed> {
    return {
      kind: file.kind,
      read: (length, mode) => Effect.mapError(file.read(length, mode), this.put),
      write: (bytes, mode) => Effect.mapError(file.write(bytes, mode), this.put),
      ioctl: (command, argument) => Effect.mapError(file.ioctl(command, argument), this.put),
      close: Effect.mapError(file.close, this.failed)
    }
  }

  /** What leads to RUNNING needs the state that the device had; a stop can only be for the better. */
  readonly setState: MigratableDevice<HostFailed>["setState"] = (requested) =>
    Effect.flatMap(this.present, ({ client, device }) => {
      const stops = requested === MigrationStates.toNumber("STOP")
      const before = stops ? Effect.void : this.sound(client)
      const walked = withTimeout(walkMillis)(Effect.mapError(device.setState(requested), this.put))
      this.isLed = true
      return Effect.gen(this, function* () {
        yield* before
        const wasStill = yield* this.isStill
        const mine = this.options.keepsState || !wasStill || this.stoppedOver === client
        if (!atWork.has(requested) && mine) yield* this.remember(true, client)
        const file = yield* Effect.tapError(walked, (error) =>
          isErrno(error) ? this.withdraw(wasStill, client) : Effect.void
        )
        if (requested === running) yield* this.remember(false, client)
        this.isLed = requested !== running
        return Option.map(file, (opened) => this.file(opened))
      }).pipe(Effect.tapError((error) => (isErrno(error) ? this.lookAgain : Effect.void)))
    })

  /** What was recorded for a walk that came to nothing is taken back: over this connection the device never stopped. */
  private withdraw(wasStill: boolean, client: Client): Effect.Effect<void> {
    const runs = Effect.map(this.getState, (state) => state === "RUNNING" && this.known?.client === client)
    const back = Effect.flatMap(runs, (never) => (never ? this.remember(false, client) : Effect.void))
    return wasStill ? Effect.void : Effect.ignore(back)
  }

  /** After a walk that was refused: where it has come to nothing, the device is its guest's again. */
  private get lookAgain(): Effect.Effect<void> {
    return Effect.ignore(
      Effect.zipWith(this.getState, this.isStill, (state, still) => {
        this.isLed = state !== "RUNNING" || still
      })
    )
  }

  /** An agent before this one may have led the device: what it did not record, because the guest went on, is the device's state. */
  readonly takeOver: Effect.Effect<void, JournalError> = Effect.suspend(() =>
    Effect.zipWith(this.options.still.state, Effect.option(this.getState), ({ still }, state) => {
      this.isLed = still || Option.contains(state, "PRE_COPY")
    })
  )

  readonly getState = Effect.suspend(() =>
    Effect.flatMap(this.present, ({ device }) => Effect.mapError(device.getState, this.failed))
  ).pipe(
    Effect.mapError((error) =>
      isErrno(error) ? new HostFailed({ device: this.options.name, reason: error.message }) : error
    )
  )

  readonly dataSize = Effect.suspend(() =>
    Effect.flatMap(this.present, ({ device }) => Effect.mapError(device.dataSize, this.put))
  )

  readonly reset = Effect.suspend(() =>
    Effect.flatMap(this.present, ({ client, device }) =>
      Effect.zipRight(withTimeout(walkMillis)(Effect.mapError(device.reset, this.put)), this.remember(false, client))
    )
  ).pipe(
    Effect.tap(() => {
      this.isLed = false
    })
  )
}

interface RemoteMigration {
  readonly migration: MigratableDevice<HostFailed>
  /** Fails where the device's state may be gone. */
  readonly sound: Effect.Effect<void, Errno | HostFailed>
  /** Whether a migration has the device (R3). */
  readonly isLed: () => boolean
}

/** The device as it is recorded: one that stood still for a migration does so for the next agent too. */
export const remoteMigration = (options: RemoteOptions): Effect.Effect<RemoteMigration, JournalError> =>
  Effect.suspend(() => {
    const device = new Connections(options)
    const { check, dataSize, getState, reset, setState } = device
    return Effect.as(device.takeOver, {
      migration: { flags: options.flags, setState, getState, dataSize, reset },
      sound: check,
      isLed: () => device.isLed
    })
  })

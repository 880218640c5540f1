/** One device that an agent drives over vfio-user, as the handlers of the agent's contract want it. */
import {
  type Capabilities,
  type DeviceFacts,
  type DeviceStatus,
  EpochActor,
  type Epochs,
  type GuestHooks,
  type HostDevice,
  HostFailed,
  type HostPf,
  type Unknown
} from "@stopcopy/agent"
import { EBUSY, EINVAL, EPERM, isErrno } from "@stopcopy/errno"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { MigrationFlags, type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import { because } from "../internal/words.ts"
import { carried, type Verify } from "./Carried.ts"
import type { DeviceAccess } from "./DeviceAccess.ts"
import { type Identity, identify, unknownOf } from "./Identity.ts"
import { remoteMigration } from "./RemoteMigration.ts"
import * as StandingStill from "./StandingStill.ts"
import type { StateFormat } from "./StateFormat.ts"

export interface DrivenOptions {
  /** The name that orders have: `nic0`, `pf0/vf1`. */
  readonly name: string
  readonly access: DeviceAccess
  /** Of its server, for people. */
  readonly socketPath: string
  /** What its PF offers, where it has one and somebody knows: then it is compared. */
  readonly capabilities?: Capabilities
  /** How its state is read. Default: by its PCI ids, and bytes if they say nothing. */
  readonly format?: StateFormat
  /** What a destination's digest is of. `loaded` needs a device that gives the same state twice. Default: `carried`. */
  readonly verify?: Verify
  /** The server is known to keep the device's state over a lost connection. Default: false. */
  readonly keepsState?: boolean
  /** No guest is on it, so it may be the destination of one. Once it has held an epoch and lost it, it is free in any case. Default: false. */
  readonly free?: boolean
  /** What a coordinator's steps ask of the guest, where this process has it, or knows where to ask. */
  readonly guest?: AskedGuest
  /** What else nobody can know of it. */
  readonly unknown?: ReadonlyArray<Unknown>
}

/** A guest that takes part in migrations; with `isThere`, while there is somebody to ask. */
interface AskedGuest extends GuestHooks {
  readonly isThere?: Effect.Effect<boolean>
}

const nothingOffered: Capabilities = { gencap: 0, svcmap: 0, extdc: 0, rateLimiting: false, slas: [] }

/** Data of pre-copy are given once more when a device is stopped anew, and then in other parts. */
const notProvable = (name: string, flags: number): EINVAL =>
  new EINVAL(
    because(
      "agent.verify",
      "a state that is read back is compared with the whole of what was given: without pre-copy, or in a format that is known",
      name,
      `${MigrationFlags.describe(flags)}, opaque`,
      "STOP_COPY without PRE_COPY",
      "verify what is carried"
    )
  )

/** What of a device does not change. */
interface Parts {
  readonly options: DrivenOptions
  readonly identity: Identity
  readonly epoch: EpochActor.EpochActor
}

const factsOf = ({ identity, options }: Parts): DeviceFacts => {
  const { capabilities, keepsState = false, name, socketPath, unknown = [], verify } = options
  const known = { hasCapabilities: capabilities !== undefined, proves: verify === "loaded", keepsState }
  const { deviceId, deviceType, flags, tellsSize } = identity
  const format = options.format ?? identity.format
  // No quirk of a kernel driver is known of it.
  const fixed = { name, vfNumber: 0, socketPath, deviceType, deviceId, mode: "safe" as const, migrationFlags: flags }
  return { ...fixed, unknown: [...unknownOf({ format, tellsSize }, known), ...unknown] }
}

/** A guest is on it once it was there from the beginning, or came with an epoch. */
const hasGuest = (free: boolean, { epoch, standing }: Epochs.EpochRecord, state: MigrationState): boolean =>
  standing === "held" && (epoch === 0 ? !free : MigrationStates.isRunning(state))

/** A device whose server does not answer is not open: then its last state counts, and no preflight takes it. */
const statusOf = (
  { epoch, options: { free = false, guest, name } }: Parts,
  getState: Effect.Effect<MigrationState, HostFailed>
): Effect.Effect<DeviceStatus, HostFailed> => {
  let last: MigrationState = "ERROR"
  const recorded = Effect.mapError(epoch.state, ({ message }) => new HostFailed({ device: name, reason: message }))
  return Effect.flatMap(recorded, (record) =>
    Effect.matchEffect(getState, {
      onFailure: () => Effect.succeed<DeviceStatus>({ state: last, lifecycle: "bound", attached: false }),
      onSuccess: (state) => {
        last = state
        const attached = hasGuest(free, record, state)
        const takesPart = guest?.isThere ?? Effect.succeed(guest !== undefined)
        return Effect.map(takesPart, (asks): DeviceStatus => ({ state, lifecycle: "open", attached, guest: asks }))
      }
    })
  )
}

/** The device, and the PF that stands for what it is part of: nobody knows which devices share one. */
export interface Driven {
  readonly device: HostDevice
  readonly pf: HostPf
}

const looked = ({ access, name }: DrivenOptions): Effect.Effect<Identity, HostFailed | EINVAL> =>
  Effect.flatMap(access.client, (client) =>
    Effect.mapError(identify(client), (error) =>
      isErrno(error) && error._tag === "EINVAL"
        ? error
        : new HostFailed({ device: name, reason: isErrno(error) ? error._tag : error.message })
    )
  )

/** Looks at the device: what `drive` would refuse fails here, and nothing is recorded. */
export const examine = (options: DrivenOptions): Effect.Effect<Identity, HostFailed | EINVAL> =>
  Effect.flatMap(looked(options), (identity) => {
    const { flags } = identity
    const format = options.format ?? identity.format
    const proves = format.comparesState || (flags & MigrationFlags.PRE_COPY) === 0
    return options.verify === "loaded" && !proves ? notProvable(options.name, flags) : Effect.succeed(identity)
  })

/** What a guest's VMM may not do beside this agent: what the standing forbids, and while a migration has the device. `guarded` is this for other hosts. */
const ruleOf = (standing: Epochs.EpochRecord["standing"], isLed: boolean): number => {
  if (standing !== "held") return new EPERM({}).errno
  return isLed ? new EBUSY({}).errno : 0
}

/** Looks at the device, and finds what is recorded of it. */
export const drive = (options: DrivenOptions): Effect.Effect<Driven, HostFailed | EINVAL | JournalError, ActorSystem> =>
  Effect.gen(function* () {
    const { access, capabilities = nothingOffered, keepsState = false, name, verify = "carried" } = options
    const system = yield* ActorSystem
    const identity = yield* examine(options)
    const { deviceId, deviceType, flags } = identity
    const format = options.format ?? identity.format
    const epoch = yield* system.actor(EpochActor.behavior, name)
    const still = yield* system.actor(StandingStill.behavior, name)
    const { isLed, migration: remote, sound } = yield* remoteMigration({ name, access, flags, still, keepsState })
    const { migration, seen } = carried(remote, format, verify)
    const failed = ({ message }: { readonly message: string }) => new HostFailed({ device: name, reason: message })
    if (access.admit !== undefined) yield* access.admit(() => ruleOf(epoch.unsafeState().standing, isLed()))
    const parts: Parts = { options, identity, epoch }
    const device: HostDevice = {
      facts: factsOf(parts),
      status: statusOf(parts, migration.getState),
      migration,
      view: Effect.zipRight(Effect.mapError(sound, failed), seen),
      ...(options.guest === undefined ? {} : { guest: options.guest }),
      epoch: Effect.mapError(epoch.state, failed),
      recordEpoch: (record) =>
        Effect.mapError(Effect.asVoid(epoch.ask({ _tag: "RecordEpoch", ...record }, { durability: "durable" })), failed)
    }
    return { device, pf: { facts: { name, deviceId, deviceKind: deviceType, capabilities }, devices: [device] } }
  })

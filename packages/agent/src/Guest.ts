/**
 * The part of a guest's VMM in a coordinated migration, and how it is asked: a small service of the VMM, on a UNIX socket beside the device's own. A host asks
 * it at the steps of the contract; the coordinator knows of it only by `guest` in a description. Source: `README.md`, "The guest's VMM".
 */
import { Rpc, RpcGroup } from "@effect/rpc"
import { type Effect, Schema } from "effect"
import { DeviceName, MigrationId } from "./Values.ts"

/** Where a guest's device goes to. */
export const Destination = Schema.Struct({
  host: Schema.NonEmptyString,
  device: DeviceName,
  /** Of the destination's server, as its host has it. Whether this VMM reaches it is for the VMM to know. */
  socketPath: Schema.String
})
export type Destination = typeof Destination.Type

/** The VMM cannot do what it was asked for; nothing has changed. */
export class GuestRefused extends Schema.TaggedError<GuestRefused>()("GuestRefused", { reason: Schema.String }) {
  override get message(): string {
    return `the guest's VMM refuses: ${this.reason}`
  }
}

/**
 * What a VMM does for one device. Each is asked again when its answer was lost, and then has the same answer; the order is that of the table in `README.md`.
 * It is given `guestMillis` for each.
 */
export interface GuestHooks {
  /** A migration begins; the guest works on. To connect to the destination and to map memory there. */
  readonly prepare: (migration: MigrationId, destination: Destination) => Effect.Effect<void, GuestRefused>
  /** The device is about to be stopped: virtual CPUs stand, nothing more is submitted, and no access is under way when it ends. */
  readonly pause: (migration: MigrationId) => Effect.Effect<void, GuestRefused>
  /** No way back: the device is at the destination, which does not run yet. To restore there what is not in the device's own state. */
  readonly switched: (migration: MigrationId, destination: Destination) => Effect.Effect<void, GuestRefused>
  /** The device runs: at the destination, once it was switched; else at the source, where nothing has come of it. Also where nobody had paused. */
  readonly resumed: Effect.Effect<void, GuestRefused>
}

/** How long a VMM may take for one of them, in milliseconds. The guest stands still meanwhile, but for `prepare`. */
export const guestMillis = 10_000

/** Where the VMM of the guest on this device listens. */
export const guestPath = (socketPath: string): string => `${socketPath}.guest`

const migration = { migration: MigrationId }

const Prepare = Rpc.make("Prepare", { payload: { ...migration, destination: Destination }, error: GuestRefused })
const Pause = Rpc.make("Pause", { payload: migration, error: GuestRefused })
const Switched = Rpc.make("Switched", { payload: { ...migration, destination: Destination }, error: GuestRefused })
const Resumed = Rpc.make("Resumed", { error: GuestRefused })

/** Every question to a VMM. It has the version of the agent's contract. */
export class GuestContract extends RpcGroup.make(Prepare, Pause, Switched, Resumed) {}

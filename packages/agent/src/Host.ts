/**
 * What a host implements so that its devices can be driven: plain devices, what they show, and a durable place for their epochs.
 * Sessions, offsets, repeats and the rules of epochs are not the host's: `Handlers.ts` has them for every host.
 *
 * While one of its methods runs, the fiber has the call's migration as correlation id (`@stopcopy/runtime`, `Correlation`): what the host
 * records in a journal carries it.
 */
import type { MigratableDevice } from "@stopcopy/vfio"
import { Context, type Effect, type Queue, type Scope } from "effect"
import type { Custody } from "./Custody.ts"
import type { DeviceChange, DeviceFacts, DeviceStatus, PfFacts } from "./Description.ts"
import type { EpochRecord } from "./Epoch.ts"
import type { FaultRefused, HostFailed, NoSuchDevice } from "./Errors.ts"
import type { ExportRefused, ExportRequest } from "./Export.ts"
import type { Fault, InjectedFault } from "./Fault.ts"
import type { GuestHooks } from "./Guest.ts"
import type { DeviceName } from "./Values.ts"
import type { Digests, View } from "./View.ts"

/** One VF of the host. */
export interface HostDevice {
  readonly facts: DeviceFacts
  readonly status: Effect.Effect<DeviceStatus, HostFailed>
  /** The device itself, as it is: not the one guarded by `guarded`, which is for the guest's VMM. */
  readonly migration: MigratableDevice<HostFailed>
  /** What a migration carries over, with its digests. Allowed in every state. */
  readonly view: Effect.Effect<{ readonly view: View; readonly digests: Digests }, HostFailed>
  /** The VMM of its guest, where that takes part in migrations. Nobody who is not there needs to be asked. */
  readonly guest?: GuestHooks
  /** What `recordEpoch` recorded last, also by an earlier process; `Epochs.initial` if it never did. */
  readonly epoch: Effect.Effect<EpochRecord, HostFailed>
  /** Ends when the record is durable: it survives power loss. */
  readonly recordEpoch: (record: EpochRecord) => Effect.Effect<void, HostFailed>
  /** Shared with what `guarded` makes for the guest's VMM. None: there is no such thing. */
  readonly custody?: Custody
}

/** One PF with its VFs, in the order of their number. */
export interface HostPf {
  readonly facts: PfFacts
  readonly devices: ReadonlyArray<HostDevice>
}

/** Fault injection, for hosts that have it. `FaultBook.ts` keeps the book. */
export interface HostFaults {
  readonly inject: (fault: Fault) => Effect.Effect<InjectedFault, FaultRefused>
  readonly list: Effect.Effect<ReadonlyArray<InjectedFault>>
  /** None: all. Gives those that were there. */
  readonly clear: (ids: ReadonlyArray<number> | null) => Effect.Effect<ReadonlyArray<InjectedFault>>
}

/** A host. */
export interface HostService {
  readonly name: string
  /** Name and version of the program, for people. */
  readonly program: string
  readonly pfs: Effect.Effect<ReadonlyArray<HostPf>, HostFailed>
  /** The same object every time: a session belongs to it. */
  readonly device: (name: DeviceName) => Effect.Effect<HostDevice, NoSuchDevice>
  /**
   * Subscribes to changes of any device: of its state, its standing, its guest. The queue holds a bounded number and drops the oldest.
   * A change before the subscription is not in it, one after it is.
   */
  readonly watch: Effect.Effect<Queue.Dequeue<DeviceChange>, never, Scope.Scope>
  /** None: this host injects no faults. */
  readonly faults: HostFaults | undefined
  /** The incident bundle of what the host recorded for a migration; left out: this host has no journal to hand out. */
  readonly exports?: (request: ExportRequest) => Effect.Effect<Uint8Array, ExportRefused | HostFailed>
}

/** The host that the handlers of the contract drive. */
export class Host extends Context.Tag("@stopcopy/agent/Host")<Host, HostService>() {}

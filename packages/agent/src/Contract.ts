/**
 * The contract by which a coordinator, or a tool, drives the devices of a host: one RpcGroup. It stands beside the vfio-user sockets,
 * which belong to the guests' VMMs alone. The rules of epochs and sessions are in `README.md`.
 * Source: `docs/architecture.md`, "The way of one migration".
 */
import { Rpc, RpcGroup } from "@effect/rpc"
import { MigrationState } from "@stopcopy/vfio"
import { Schema } from "effect"
import { DeviceChange, HostDescription } from "./Description.ts"
import { Epoch, EpochRecord } from "./Epoch.ts"
import {
  DeviceError,
  EpochError,
  FaultRefused,
  GrantError,
  HostFailed,
  NoSuchDevice,
  NoSuchSession,
  TransferError
} from "./Errors.ts"
import { Export } from "./Export.ts"
import { Fault, InjectedFault } from "./Fault.ts"
import { Destination } from "./Guest.ts"
import { LoadedChunk, PrecopyInfo, SavedChunk, Session } from "./Transfer.ts"
import { Bytes, DeviceName, MigrationId, Offset, SessionToken, U64 } from "./Values.ts"
import { Digests, View } from "./View.ts"

/** The device that a call is about, and the migration it belongs to. */
const device = { device: DeviceName, migration: Schema.optionalWith(MigrationId, { exact: true }) }
/** The same for calls that change something: under which epoch. */
const owned = { ...device, epoch: Epoch }
/**
 * Of a source's device: where its guest is going. With it the guest's VMM is asked to take part, where there is one that does: it prepares before PRE_COPY, pauses
 * before STOP_COPY, and goes there with the fence. Hosts older than this pass over it.
 */
const leading = { destination: Schema.optionalWith(Destination, { exact: true }) }
/** The same for calls that move migration data: in which session. */
const inSession = { ...owned, session: SessionToken }

/** What a change of state answers. */
export const StateReached = Schema.Struct({
  state: MigrationState,
  /** The session that is open in this state; none when the state has none. */
  session: Schema.NullOr(Session)
})
export type StateReached = typeof StateReached.Type

/** The state of a device with everything that goes with it. */
export const StateNow = Schema.Struct({ ...StateReached.fields, ...EpochRecord.fields })
export type StateNow = typeof StateNow.Type

/** What two sides compare. */
export const DigestsNow = Schema.Struct({ state: MigrationState, digests: Digests, view: Schema.NullOr(View) })
export type DigestsNow = typeof DigestsNow.Type

/**
 * The host and its devices: those of these names, those that there are, with their PFs; all of them without a payload. A host older than
 * the payload answers with all.
 */
const Describe = Rpc.make("Describe", {
  payload: Schema.UndefinedOr(Schema.Struct({ devices: Schema.Array(DeviceName) })),
  success: HostDescription,
  error: HostFailed
})

/**
 * Walks to a state, arc by arc. After a failure the device is in the last state that it reached, and nothing is rolled back; an arc that
 * opens a session can only be the last. The current state is a success. When RUNNING is reached the guest's VMM is told. A VMM that does not do its part is
 * `ECANCELED`, or `ETIMEDOUT`.
 */
const SetState = Rpc.make("SetState", {
  payload: { ...owned, ...leading, to: MigrationState },
  success: StateReached,
  error: EpochError
})

/** The state, the session that is open, the epoch. Needs no epoch. */
const GetState = Rpc.make("GetState", { payload: device, success: StateNow, error: DeviceError })

/** How many bytes STOP_COPY will yield: an estimate. Needs no epoch. */
const DataSize = Rpc.make("DataSize", { payload: device, success: U64, error: DeviceError })

/** What pre-copy has yet to give. `EINVAL` outside PRE_COPY and PRE_COPY_P2P. Needs no epoch. */
const GetPrecopyInfo = Rpc.make("GetPrecopyInfo", {
  payload: { ...device, session: SessionToken },
  success: PrecopyInfo,
  error: Schema.Union(DeviceError, NoSuchSession)
})

/** The next chunk of a saving session, or the last one again: `offset` says which. `length` is cut to `chunkLimit`. */
const Save = Rpc.make("Save", {
  payload: { ...inSession, offset: Offset, length: Schema.Int.pipe(Schema.positive()) },
  success: SavedChunk,
  error: TransferError
})

/** Loads the next chunk of a resuming session. The last one again is recognised and answered as before, not loaded twice. */
const Resume = Rpc.make("Resume", {
  payload: { ...inSession, offset: Offset, bytes: Bytes },
  success: LoadedChunk,
  error: TransferError
})

/** Function reset: sessions end, partial data is gone, a vote is withdrawn. RUNNING if the epoch is held, STOP otherwise. */
const Reset = Rpc.make("Reset", { payload: owned, success: StateReached, error: EpochError })

/** Digests of what a migration carries over, and the values themselves if `view` is set. Needs no epoch. */
const Digest = Rpc.make("Digest", {
  payload: { ...device, view: Schema.Boolean },
  success: DigestsNow,
  error: DeviceError
})

/**
 * Votes durably for a new epoch: the device stands still and can then only be adopted, fenced or reset. With a digest, it must be the
 * device's own. `EBUSY` while the device runs.
 */
const Grant = Rpc.make("Grant", {
  payload: { ...owned, digest: Schema.NullOr(Schema.String) },
  success: EpochRecord,
  error: GrantError
})

/** Takes the granted epoch durably: from now on the device may run. */
const Adopt = Rpc.make("Adopt", { payload: owned, success: EpochRecord, error: EpochError })

/**
 * Raises the epoch durably to one that is not this device's: first recorded, then the device is stopped if it runs. A failure after the
 * recording says so by its errno; repeat the call until it succeeds.
 */
const Fence = Rpc.make("Fence", { payload: { ...owned, ...leading }, success: EpochRecord, error: EpochError })

/** Injects a fault; gives it with its id. */
const Inject = Rpc.make("Inject", {
  payload: Fault,
  success: InjectedFault,
  error: Schema.Union(FaultRefused, NoSuchDevice)
})

/** Every fault that was not cleared, also spent ones, in the order of injection. */
const ListFaults = Rpc.make("ListFaults", { success: Schema.Array(InjectedFault), error: FaultRefused })

/** Takes back the faults with these ids, or all; gives those that were cleared, with their hits. */
const ClearFaults = Rpc.make("ClearFaults", {
  payload: { ids: Schema.NullOr(Schema.Array(Schema.Int)) },
  success: Schema.Array(InjectedFault),
  error: FaultRefused
})

/** First how every device is, then each change. A watcher that is too slow misses changes, never the last one. Empty: all devices. */
const Watch = Rpc.make("Watch", {
  payload: { devices: Schema.Array(DeviceName) },
  success: DeviceChange,
  error: Schema.Union(NoSuchDevice, HostFailed),
  stream: true
})

/** Every call of the contract. */
export class Contract extends RpcGroup.make(
  Describe,
  SetState,
  GetState,
  DataSize,
  GetPrecopyInfo,
  Save,
  Resume,
  Reset,
  Digest,
  Grant,
  Adopt,
  Fence,
  Inject,
  ListFaults,
  ClearFaults,
  Watch,
  Export
) {}

/** The handlers of the contract over any host: finds the device, says which migration it is for, makes the call. */
import { withCorrelation } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import { Contract } from "./Contract.ts"
import type { DeviceChange, HostDescription, PfDescription } from "./Description.ts"
import { FaultRefused, type HostFailed, type NoSuchDevice } from "./Errors.ts"
import type { Fault, InjectedFault } from "./Fault.ts"
import type { Destination } from "./Guest.ts"
import { DeviceCalls } from "./handlers/DeviceCalls.ts"
import { exporting } from "./handlers/exporting.ts"
import type { Leading } from "./handlers/GuestSteps.ts"
import { measured } from "./handlers/measured.ts"
import { Host, type HostDevice, type HostFaults, type HostPf, type HostService } from "./Host.ts"
import type { DeviceName, MigrationId } from "./Values.ts"
import { contractVersion } from "./Version.ts"

/** What every call about one device carries. */
interface About {
  readonly device: DeviceName
  readonly migration?: MigrationId
}

/** The guest's VMM has to know which migration it is, to tell a repetition from another one. */
const leadingOf = ({ destination, migration }: About & { readonly destination?: Destination }): Leading | undefined =>
  destination === undefined || migration === undefined ? undefined : { destination, migration }

const changeOf = (device: HostDevice): Effect.Effect<DeviceChange, HostFailed> =>
  Effect.zipWith(device.status, device.epoch, (status, record) => ({ name: device.facts.name, ...status, ...record }))

const describePf = (pf: HostPf): Effect.Effect<PfDescription, HostFailed> =>
  Effect.map(
    Effect.forEach(pf.devices, (device) => Effect.map(changeOf(device), (now) => ({ ...device.facts, ...now }))),
    (vfs) => ({ ...pf.facts, vfs })
  )

/** What nobody asks for is not looked at. */
const narrowed = (pfs: ReadonlyArray<HostPf>, names: ReadonlyArray<DeviceName>): ReadonlyArray<HostPf> => {
  const wanted = new Set(names)
  return pfs
    .map((pf) => ({ ...pf, devices: pf.devices.filter(({ facts }) => wanted.has(facts.name)) }))
    .filter(({ devices }) => devices.length > 0)
}

const describe = (
  host: HostService,
  asked: { readonly devices: ReadonlyArray<DeviceName> } | undefined
): Effect.Effect<HostDescription, HostFailed> =>
  Effect.map(
    Effect.flatMap(host.pfs, (pfs) =>
      Effect.forEach(asked === undefined ? pfs : narrowed(pfs, asked.devices), describePf)
    ),
    (pfs) => ({
      host: host.name,
      program: host.program,
      contract: contractVersion,
      faults: host.faults !== undefined,
      pfs
    })
  )

/** Every device by its calls: made at the first, kept for the sessions. */
const makeCalls = (host: HostService) => {
  const known = new WeakMap<HostDevice, DeviceCalls>()
  const callsOf = (device: HostDevice): DeviceCalls => {
    const calls = known.get(device) ?? new DeviceCalls(device)
    known.set(device, calls)
    return calls
  }
  const on = <A, E extends { readonly _tag: string }>(
    call: string,
    { device, migration }: About,
    use: (calls: DeviceCalls) => Effect.Effect<A, E>
  ) => {
    const called = measured(
      call,
      Effect.flatMap(host.device(device), (found) => use(callsOf(found)))
    )
    return migration === undefined ? called : withCorrelation(migration)(called)
  }
  const enforce = Effect.flatMap(host.pfs, (pfs) =>
    Effect.forEach(
      pfs.flatMap(({ devices }) => devices),
      (device) => callsOf(device).enforce,
      { discard: true }
    )
  )
  return { on, enforce }
}

const wantedOf = (
  host: HostService,
  names: ReadonlyArray<DeviceName>
): Effect.Effect<ReadonlyArray<HostDevice>, NoSuchDevice | HostFailed> =>
  names.length > 0
    ? Effect.forEach(names, host.device)
    : Effect.map(host.pfs, (pfs) => pfs.flatMap(({ devices }) => devices))

/** How many changes go out as one message: what waits for a slow watcher is bounded in messages. */
const watchChunk = 16

const watch = (
  host: HostService,
  names: ReadonlyArray<DeviceName>
): Stream.Stream<DeviceChange, NoSuchDevice | HostFailed> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const changes = yield* host.watch
      const now = yield* Effect.flatMap(wantedOf(host, names), (devices) => Effect.forEach(devices, changeOf))
      const wanted = new Set(names)
      const later = Stream.fromQueue(changes, { maxChunkSize: watchChunk }).pipe(
        Stream.filter(({ name }) => wanted.size === 0 || wanted.has(name))
      )
      return Stream.concat(Stream.fromIterable(now), later)
    })
  )

const withFaults = <A, E>(
  host: HostService,
  use: (faults: HostFaults) => Effect.Effect<A, E>
): Effect.Effect<A, E | FaultRefused> =>
  host.faults === undefined
    ? Effect.fail(new FaultRefused({ reason: `${host.name} does not inject faults` }))
    : use(host.faults)

const inject = (host: HostService, fault: Fault): Effect.Effect<InjectedFault, FaultRefused | NoSuchDevice> =>
  Effect.zipRight(
    fault.target.device === null ? Effect.void : host.device(fault.target.device),
    withFaults(host, (faults) => faults.inject(fault))
  )

/**
 * The handlers of every call, over the `Host` of the context. First every device that does not hold its epoch is stopped: it may run, if the
 * process before ended between a fence and its stop.
 */
export const make = Effect.gen(function* () {
  const host = yield* Host
  const { enforce, on } = makeCalls(host)
  yield* enforce
  return Contract.of({
    Describe: (asked) => measured("Describe", describe(host, asked)),
    SetState: (call) => on("SetState", call, (device) => device.setState(call.epoch, call.to, leadingOf(call))),
    GetState: (call) => on("GetState", call, (device) => device.getState),
    DataSize: (call) => on("DataSize", call, (device) => device.dataSize),
    GetPrecopyInfo: (call) => on("GetPrecopyInfo", call, (device) => device.precopyInfo(call.session)),
    Save: (call) => on("Save", call, (device) => device.save(call.epoch, call.session, call.offset, call.length)),
    Resume: (call) => on("Resume", call, (device) => device.resume(call.epoch, call.session, call.offset, call.bytes)),
    Reset: (call) => on("Reset", call, (device) => device.reset(call.epoch)),
    Digest: (call) => on("Digest", call, (device) => device.digest(call.view)),
    Grant: (call) => on("Grant", call, (device) => device.grant(call.epoch, call.digest)),
    Adopt: (call) => on("Adopt", call, (device) => device.adopt(call.epoch)),
    Fence: (call) => on("Fence", call, (device) => device.fence(call.epoch, leadingOf(call))),
    Inject: (fault) => measured("Inject", inject(host, fault)),
    ListFaults: () =>
      measured(
        "ListFaults",
        withFaults(host, (faults) => faults.list)
      ),
    ClearFaults: ({ ids }) =>
      measured(
        "ClearFaults",
        withFaults(host, (faults) => faults.clear(ids))
      ),
    Watch: ({ devices }) => watch(host, devices),
    Export: (request) => exporting(host, request)
  })
})

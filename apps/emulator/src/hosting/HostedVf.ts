/**
 * One VF at work: its actors, its engine, its driver, the device that a guest's VMM sees, and the server of its socket. Source: `packages/qat/README.md`,
 * "The VF as PCI and VFIO see it".
 *
 * V1 A VF is probed and opened once, when it is new; after that it stays open, whoever comes and goes.
 * V2 A migration file of a session that is open goes on in this process.
 */
import { CustodyActor, custodyOf, EpochActor, guarded, type HostDevice, type HostFailed } from "@stopcopy/agent"
import { guestAt } from "@stopcopy/agent/client"
import { type Errno, isErrno } from "@stopcopy/errno"
import {
  DeviceType,
  Hardware,
  opNames,
  Pci,
  type PciActor,
  type PfActor,
  QatVfioDevice,
  QatVfioPci,
  RegisterFile,
  UserDma,
  vendorIntel,
  Vf,
  type VfActor
} from "@stopcopy/qat"
import { Dma, Engine, type Pace } from "@stopcopy/qat/engine"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { MigrationStates, type VfioDevice } from "@stopcopy/vfio"
import { type Options, Server } from "@stopcopy/vfio-user"
import { Effect, Option, type Scope } from "effect"
import { failed, hostDevice, hostMigration } from "../agent/HostedDevice.ts"
import type { FaultPoints } from "../faults/FaultPoints.ts"
import { counting, countingRequests, Traffic } from "../metrics/Traffic.ts"
import { socketPath, vfName } from "./Names.ts"
import { keepStill } from "./Standstill.ts"

/** The actors of a VF. */
interface VfActors {
  readonly name: string
  readonly number: number
  readonly vf: VfActor
  readonly pci: PciActor
  readonly epoch: EpochActor.EpochActor
  readonly custody: CustodyActor.CustodyActor
}

export interface HostedVf extends VfActors {
  readonly pf: PfActor
  readonly driver: QatVfioPci.QatVfioPci
  readonly hardware: Engine.Engine
  readonly memory: UserDma
  readonly device: QatVfioDevice.QatVfioDevice
  readonly server: Server.Server
  readonly socketPath: string
  /** As the agent's calls drive it. */
  readonly host: HostDevice
  readonly traffic: Traffic
}

/** What VFs of one emulator share, and what guards them. */
export interface Surroundings {
  readonly pace: Pace
  readonly faults: FaultPoints
  readonly options: Partial<Options>
  readonly socketDir: string
}

export const vfActors = (pfName: string, number: number): Effect.Effect<VfActors, JournalError, ActorSystem> =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const name = vfName(pfName, number)
    const vf = yield* system.actor(Vf.behavior, name)
    const pci = yield* system.actor(Pci.behavior, name)
    const epoch = yield* system.actor(EpochActor.behavior, name)
    const custody = yield* system.actor(CustodyActor.behavior, name)
    return { name, number, vf, pci, epoch, custody }
  })

/** Binds the driver to a VF that has none, and opens it. */
const bring = (
  { number, vf }: VfActors,
  pf: PfActor,
  driver: QatVfioPci.QatVfioPci,
  mode: "safe" | "kernel"
): Effect.Effect<void, Errno | JournalError> =>
  Effect.gen(function* () {
    if ((yield* vf.state).lifecycle === "unbound") {
      const type = DeviceType.deviceTypeOf((yield* pf.state).deviceId)
      yield* vf.ask({
        _tag: "Probe",
        vendor: vendorIntel,
        deviceId: type?.vf ?? 0,
        mode,
        registerModel: "device",
        registers: RegisterFile.reset(),
        init: 0,
        compatVersion: 0,
        coreInit: 0,
        vfIndex: number,
        pfOps: opNames,
        allocateDevice: 0,
        allocateBlock: 0,
        register: 0
      })
    }
    if ((yield* vf.state).lifecycle === "bound") yield* driver.open
  })

/** An agent had the device in custody for STOP_COPY, and its process ended on the way there, or on the way back: it never got there, or is not there any more. */
const withoutCustody = ({ custody, vf }: Pick<HostedVf, "custody" | "vf">): Effect.Effect<void, JournalError> =>
  Effect.suspend(() =>
    vf.unsafeState().migrationState === "STOP_COPY"
      ? Effect.void
      : Effect.asVoid(custody.ask({ _tag: "KeepCustody", taken: false }))
  )

/** Carries on what an earlier process had begun; it may wait for guests, so nobody waits for it. */
const recover = (
  driver: QatVfioPci.QatVfioPci,
  { custody, name, vf }: VfActors
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    const { operation } = driver.vf.unsafeState()
    const begun =
      operation === null
        ? Effect.void
        : Effect.logInfo(`${name}: carries on a walk to ${MigrationStates.describeNumber(operation.requested)}`)
    return Effect.zipRight(Effect.zipRight(begun, driver.recover), withoutCustody({ custody, vf })).pipe(
      Effect.catchAllCause((cause) =>
        Effect.logError(`${name}: a walk of an earlier process could not be ended`, cause)
      ),
      Effect.forkScoped,
      Effect.asVoid
    )
  })

/** The device as the agent drives it, and as a guest's VMM may: that one cannot do what the standing of the device forbids. */
const facesOf = (
  { custody, epoch, name, vf }: VfActors,
  driver: QatVfioPci.QatVfioPci,
  device: QatVfioDevice.QatVfioDevice,
  traffic: Traffic,
  { faults, socketPath }: { readonly faults: FaultPoints; readonly socketPath: string }
) => {
  const isAttached = () => traffic.attached > 0
  const parts = {
    name,
    vf,
    epoch,
    socketPath,
    custody: custodyOf(name, custody),
    isAttached,
    guest: guestAt(socketPath)
  }
  const plain = hostMigration(name, driver)
  const host = hostDevice(parts, faults.migration(name, plain))
  // Its reset is that of the whole function.
  const reset = Effect.mapError(device.reset, (error) => (isErrno(error) ? error : failed(name)(error)))
  const whole = {
    get bound() {
      return plain.bound
    },
    flags: plain.flags,
    setState: plain.setState,
    getState: plain.getState,
    dataSize: plain.dataSize,
    reset
  }
  return { host, vmm: guarded(hostDevice(parts, whole)) }
}

/** The VF at work until the scope ends. */
export const hostVf = (
  pf: PfActor,
  pfName: string,
  actors: VfActors,
  mode: "safe" | "kernel",
  { faults, options, pace, socketDir }: Surroundings
): Effect.Effect<HostedVf, Errno | JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const { epoch, name, number, pci, vf } = actors
    const [memory, traffic] = [new UserDma(vf), new Traffic()]
    const engine = yield* Effect.provideService(
      Engine.make(pf, countingRequests(vf, traffic), { pace }),
      Dma,
      memory.dma
    )
    const hardware = faults.hardware(name, engine)
    const plain = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
    const driver = faults.driver(name, plain)
    yield* bring(actors, pf, driver, mode)
    const device = yield* QatVfioDevice.make({ driver, pci, memory, hardware })
    yield* recover(driver, actors)
    yield* keepStill(name, driver, epoch)
    const path = socketPath(socketDir, pfName, number)
    const { host, vmm } = facesOf(actors, driver, device, traffic, { faults, socketPath: path })
    const served: VfioDevice<JournalError | HostFailed> = {
      ...counting(device, traffic),
      reset: vmm.reset,
      migration: vmm
    }
    const file = Option.getOrUndefined(yield* driver.openFile)
    const serving = { ...options, keepsMigrationFile: true, interceptor: faults.interceptor(name) }
    const server = yield* Effect.annotateLogs(Server.serve(served, serving, file), { device: name })
    return { ...actors, pf, driver, hardware, memory, device, server, socketPath: path, host, traffic }
  })

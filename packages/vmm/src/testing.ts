/** What tests and examples of a VMM need on the other side: an emulated QAT VF of this process, served on a socket. `@stopcopy/vmm/testing`; Node only. */
import type { Errno } from "@stopcopy/errno"
import {
  Hardware,
  opNames,
  Pci,
  Pf,
  QatVfioDevice,
  QatVfioPci,
  RegisterFile,
  UserDma,
  Vf,
  type VfActor
} from "@stopcopy/qat"
import { Dma, Engine } from "@stopcopy/qat/engine"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import type { VfioDevice } from "@stopcopy/vfio"
import { type Options, Server } from "@stopcopy/vfio-user"
import { type ListenError, loadLibc, makeDescriptorHost } from "@stopcopy/vfio-user/transport"
import { Effect, Option, type Scope } from "effect"
import type { Host } from "./node/Host.ts"

export { ForeignDevice, type ForeignOptions } from "./testing/ForeignDevice.ts"

/** Banks 0 and 2 compress, 1 and 3 are symmetric. */
const services = 0x69a
const offer = { gencap: 0x0401_002d, svcmap: services, extdc: 0, rateLimiting: false, slas: [] }

const newVf = { vendor: 0x8086, deviceId: 0x4941, vfIndex: 0, mode: "safe", registerModel: "device" } as const
const healthy = { coreInit: 0, pfOps: opNames, allocateDevice: 0, allocateBlock: 0, register: 0 }

/** The actor of a VF, whose state a test looks at, and the device for a server. */
export interface EmulatedVf {
  readonly vf: VfActor
  readonly device: QatVfioDevice.QatVfioDevice
}

/** A VF with its engine, found in the journal or new, at work until the scope ends. `name` is the PCI bus. */
export const emulatedVf = (name: string): Effect.Effect<EmulatedVf, Errno | JournalError, ActorSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, `${name}:00.0`)
    const vf = yield* system.actor(Vf.behavior, `${name}:00.1`)
    const pci = yield* system.actor(Pci.behavior, `${name}:00.1`)
    const memory = new UserDma(vf)
    const hardware = yield* Effect.provideService(Engine.make(pf, vf), Dma, memory.dma)
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
    if (vf.unsafeState().lifecycle === "unbound") {
      yield* pf.ask({ _tag: "Configure", deviceId: 0x4940, ...offer })
      const asBorn = { registers: RegisterFile.reset(), init: 0, compatVersion: 0 }
      yield* vf.ask({ _tag: "Probe", ...newVf, ...asBorn, ...healthy })
      yield* driver.open
    }
    return { vf, device: yield* QatVfioDevice.make({ driver, pci, memory, hardware }) }
  })

/** Serves a device on a socket until the scope ends, as the host's transport does. `options`: those of the server. */
export const serveDevice = <E>(
  host: Host,
  device: VfioDevice<E>,
  path: string,
  options: Partial<Options> = {}
): Effect.Effect<void, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const libc = host.transport.passesDescriptors ? yield* Effect.option(loadLibc) : Option.none()
    const descriptors = Option.isSome(libc) ? { host: makeDescriptorHost(libc.value) } : {}
    const server = yield* Server.serve(device, { ...descriptors, ...options })
    yield* host.transport.listen(path, server.accept)
  })

/** An emulated VF on a socket. */
export const serveVf = (
  host: Host,
  name: string,
  path: string
): Effect.Effect<void, Errno | JournalError | ListenError, ActorSystem | Scope.Scope> =>
  Effect.flatMap(emulatedVf(name), ({ device }) => serveDevice(host, device, path))

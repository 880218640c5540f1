/** A QAT VF behind `VfioDevice` for tests: all its parts over the test's journal, and a user that notes what it is told. */
import { assert } from "@effect/vitest"
import { type Errno, isErrno } from "@stopcopy/errno"
import { ConfigLayout, Hardware, Pci, Pf, QatVfioDevice, QatVfioPci, UserDma, Vf } from "@stopcopy/qat"
import { Dma, type DmaAccess, Engine } from "@stopcopy/qat/engine"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import type { DeviceUser, RegionWrite } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { configure, probe } from "../driver/hosts.ts"
import type { Probe } from "../driver/vf.ts"
import { serviceMaps } from "../support/guest/Device.ts"
import type { Memory } from "../support/guest/GuestMemory.ts"
import type { Attached } from "../support/guest/RingPair.ts"

export type Device = QatVfioDevice.QatVfioDevice
/** Config space, as VFIO numbers regions. */
export const configRegion = 7

/** All parts of a device, found in the journal or new. Nothing is asked of them; the engine works until the scope ends. */
const partsOf = (name: string) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, `${name}:00.0`)
    const vf = yield* system.actor(Vf.behavior, `${name}:00.1`)
    const pci = yield* system.actor(Pci.behavior, `${name}:00.1`)
    const memory = new UserDma(vf)
    const hardware = yield* Effect.provideService(Engine.make(pf, vf), Dma, memory.dma)
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
    return { pf, vf, pci, memory, hardware, driver }
  })

/** The device that the journal has. */
export const findDevice = (name: string) =>
  Effect.gen(function* () {
    const parts = yield* partsOf(name)
    return { ...parts, device: yield* QatVfioDevice.make(parts) }
  })

/** A device that has just been opened. */
export const newDevice = (name: string, vf: Partial<Probe> = {}) =>
  Effect.gen(function* () {
    const parts = yield* partsOf(name)
    yield* parts.pf.ask(configure({ svcmap: serviceMaps.symmetric, rateLimiting: false, slas: [] }))
    yield* parts.vf.ask(probe({ registerModel: "device", mode: "safe", ...vf }))
    yield* parts.driver.open
    return { ...parts, device: yield* QatVfioDevice.make(parts) }
  })

/** A user of the device, with the interrupts that it was given. */
export class User implements DeviceUser {
  readonly dma: DmaAccess
  readonly given: Array<string> = []
  private readonly told = Effect.unsafeMakeSemaphore(0)

  constructor(dma: DmaAccess) {
    this.dma = dma
  }

  readonly interrupt = (index: number, vector: number): void => {
    this.given.push(`${index}/${vector}`)
    Effect.runSync(this.told.release(1))
  }

  /** Waits for an interrupt that was not waited for yet. */
  get next(): Effect.Effect<void> {
    return this.told.take(1)
  }
}

export const bytesOf = (value: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => Math.floor(value / 0x100 ** index) % 0x100)

export const wordOf = (region: number, offset: number, value: number): RegionWrite => ({
  region,
  offset,
  bytes: bytesOf(value, 4)
})

/** Reads a number of up to 4 bytes; what can be read at once is. */
export const get = (device: Device, region: number, offset: number, length = 4) =>
  Effect.gen(function* () {
    const into = new Uint8Array(length)
    const read = device.read(region, offset, into)
    assert.isTrue(Either.isEither(read))
    yield* read
    return into.reduceRight((value, byte) => value * 0x100 + byte, 0)
  })

export const put = (
  device: Device,
  region: number,
  offset: number,
  value: number,
  length = 4
): Effect.Effect<void, Errno | JournalError> => device.write(region, offset, bytesOf(value, length))

/** The command register: memory and bus master, or memory alone. */
export const command = (device: Device, master: boolean) =>
  put(device, configRegion, ConfigLayout.commandAt, master ? 6 : 2, 2)

/** What a guest does before it uses the device: the bus is its own, MSI-X is on. */
export const start = (device: Device) =>
  Effect.zipRight(
    command(device, true),
    put(device, configRegion, ConfigLayout.msixControlAt, ConfigLayout.msixEnable, 2)
  )

/** The guest of a device, for the rings of the tests: its registers by region writes, its interrupts by what `user` was given. */
export const guestOf = (device: Device, memory: Memory, user: User): Attached => ({
  driver: { writeRegister: (bar, offset, value) => put(device, bar, offset, value) },
  memory,
  interrupts: () => user.given.length
})

/** The errno that a step fails with, by name. */
export const errnoOf = <A, R>(step: Effect.Effect<A, Errno | JournalError, R>) =>
  Effect.map(Effect.flip(step), (error) => (isErrno(error) ? error._tag : "no errno"))

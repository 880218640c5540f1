/** An emulated VF with its engine, for tests: the driver over its actors, the guest's memory behind it, and a gate before that. */
import { Hardware, Pf, QatVfioPci, Vf } from "@stopcopy/qat"
import { Dma, type DmaAccess, Engine } from "@stopcopy/qat/engine"
import { ActorSystem } from "@stopcopy/runtime"
import { Effect } from "effect"
import { configure, type Configure, probe } from "../../driver/hosts.ts"
import type { Probe } from "../../driver/vf.ts"

/** Every bank symmetric, every bank compression; banks 0 and 2 asymmetric or compression, 1 and 3 symmetric. */
export const serviceMaps = {
  symmetric: 0x6db,
  compression: 0x492,
  mixed: 0x71c,
  symmetricAndCompression: 0x69a
} as const

interface DeviceOptions {
  readonly pf?: Partial<Configure>
  readonly vf?: Partial<Probe>
  readonly engine?: Engine.EngineOptions
}

/** The actors of a device, found in the journal or new, with the engine and the driver over them. Nothing is asked of them. */
export const attachDevice = (name: string, dma: DmaAccess, options: DeviceOptions = {}) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, `${name}:00.0`)
    const vf = yield* system.actor(Vf.behavior, `${name}:00.1`)
    const hardware = yield* Effect.provideService(Engine.make(pf, vf, options.engine), Dma, dma)
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardware)
    return { pf, driver }
  })

/** A device that has just been opened. `name` is the PCI bus. */
export const openDevice = (name: string, dma: DmaAccess, options: DeviceOptions = {}) =>
  Effect.gen(function* () {
    const device = yield* attachDevice(name, dma, options)
    yield* device.pf.ask(configure({ svcmap: serviceMaps.symmetric, ...options.pf }))
    yield* device.driver.vf.ask(probe({ registerModel: "device", mode: "safe", ...options.vf }))
    yield* device.driver.open
    return device
  })

/** Guest memory that answers later: while the gate is shut, accesses wait before it. */
export class Gate {
  readonly dma: DmaAccess
  private readonly latch = Effect.unsafeMakeLatch(true)
  private waiting = 0
  private readonly arrived = Effect.unsafeMakeLatch(false)

  constructor(dma: DmaAccess, kinds: { readonly reads: boolean; readonly writes: boolean }) {
    const behind = <A, E>(gated: boolean, access: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
      gated && this.shut ? Effect.zipRight(this.wait, Effect.suspend(access)) : access()
    this.dma = {
      read: (address, length) => behind(kinds.reads, () => dma.read(address, length)),
      write: (address, bytes) => behind(kinds.writes, () => dma.write(address, bytes)),
      mayWrite: dma.mayWrite
    }
  }

  private shut = false

  private get wait(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.waiting++
      this.arrived.unsafeOpen()
      return this.latch.await
    })
  }

  /** From now on accesses wait. */
  close(): void {
    this.shut = true
    this.latch.unsafeClose()
    this.arrived.unsafeClose()
  }

  /** Lets all pass that wait, and those that come. */
  open(): void {
    this.shut = false
    this.latch.unsafeOpen()
  }

  /** Waits until an access stands before the gate. */
  get someone(): Effect.Effect<void> {
    return Effect.suspend(() => this.arrived.await)
  }

  /** Accesses that ever waited. */
  get waited(): number {
    return this.waiting
  }
}

/**
 * The device of one VF at work: its parts, who has it, and the resets of its function. Sources: function level reset of the PCI Express specification;
 * `drivers/vfio/pci/vfio_pci_config.c`.
 *
 * F1 A function level reset goes: config space is reset and the bus left alone, the VF is reset, what the engine still has of the time before ends,
 *    the function answers again. What a process leaves unfinished of that, the next one ends.
 * F2 An interrupt that comes while it may not be delivered is given when it may, if what asked for it still does.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import type { DeviceUser } from "@stopcopy/vfio"
import { type Context, Effect, Fiber } from "effect"
import type { BoundVf, PciActor } from "../Actors.ts"
import type { Hardware } from "../Hardware.ts"
import type { QatVfioPci } from "../QatVfioPci.ts"
import { banksPerVf } from "../Registers.ts"
import type { Vf } from "../VfState.ts"
import { isPending } from "./BarAccess.ts"
import { delivers, mayMaster } from "./State.ts"
import type { UserDma } from "./UserDma.ts"

/** What a device is made of. `memory` is what its engine works on, `hardware` that engine. */
export interface Parts {
  readonly driver: QatVfioPci
  readonly pci: PciActor
  readonly memory: UserDma
  readonly hardware: Context.Tag.Service<typeof Hardware>
}

export type Step<A = void> = Effect.Effect<A, Errno | JournalError>

/** Types of interrupts as VFIO numbers them. */
export const interruptIndex = { msix: 2, error: 3, request: 4 } as const

/** The device at work: its parts, and who has it. */
export class Front {
  readonly parts: Parts
  /** The VF, for accesses that must not cost a fiber. */
  readonly bound: BoundVf
  /** Writes to config space and resets go one after the other. */
  readonly turns = Effect.unsafeMakeSemaphore(1)
  user: DeviceUser | undefined

  constructor(parts: Parts, bound: BoundVf) {
    this.parts = parts
    this.bound = bound
  }

  get vf(): Vf {
    return this.parts.driver.vf.unsafeState()
  }

  get name(): string {
    return this.parts.driver.vf.stream.slice("vf/".length)
  }

  get delivers(): boolean {
    return delivers(this.parts.pci.unsafeState(), 0)
  }

  /** The user is given the vector, if it may be now. */
  readonly signal = (): void => {
    if (this.delivers) this.user?.interrupt(interruptIndex.msix, 0)
  }

  /** The same, if something asks for it. */
  readonly signalPending = (): void => {
    if (isPending(this.vf)) this.signal()
  }

  /** Lets DMA and interrupts follow what the PCI side has become. */
  readonly follow = (before: boolean): void => {
    this.parts.memory.master(mayMaster(this.parts.pci.unsafeState()))
    if (!before) this.signalPending()
  }

  /** A step that may change the PCI side. */
  changing<A>(step: Step<A>): Step<A> {
    return Effect.suspend(() => {
      const before = this.delivers
      return Effect.ensuring(
        step,
        Effect.sync(() => this.follow(before))
      )
    })
  }
}

const allBanks: ReadonlyArray<number> = Array.from({ length: banksPerVf }, (_, bank) => bank)

/** Waits until the engine has nothing of the time before the reset. */
const quiesced = ({ parts: { hardware }, vf: { vfNumber } }: Front): Effect.Effect<void> =>
  Effect.forEach(
    allBanks,
    (bank) => {
      const pfBank = banksPerVf * vfNumber + bank
      return Effect.zipRight(hardware.drain(pfBank), hardware.release(pfBank))
    },
    { concurrency: "unbounded", discard: true }
  )

/** What remains of a reset once config space is reset. It has a fiber of its own: begun, it goes on when its caller is interrupted. */
const endReset = (front: Front): Step =>
  Effect.suspend(() => {
    const { driver, memory, pci } = front.parts
    if (!pci.unsafeState().resetting) return Effect.void
    return Effect.gen(function* () {
      yield* driver.reset
      yield* memory.quit(quiesced(front))
      yield* front.changing(pci.ask({ _tag: "EndReset" }))
    }).pipe(
      Effect.interruptible,
      Effect.forkDaemon,
      Effect.flatMap(Fiber.await),
      Effect.flatten,
      Effect.uninterruptible
    )
  })

/** One step of the PCI side in its turn, with the reset that it may begin, and before it one that could not be ended. Begun, it goes to its end. */
export const turn = (front: Front, step: Step): Step => {
  const whole = Effect.flatMap(Effect.exit(front.changing(step)), (exit) => Effect.zipRight(endReset(front), exit))
  return front.turns.withPermits(1)(Effect.uninterruptible(Effect.zipRight(endReset(front), whole)))
}

/**
 * Memory of whoever has the device at the moment, as the engine works with it: a gate before `DeviceUser.dma`. Source: Bus Master Enable and function
 * level reset of the PCI Express specification; `docs/decisions/0009-the-engine-stands-outside.md`.
 *
 * U1 While nobody has the device, or the function may not master the bus, an access waits: a ring never faults because its user is away. The
 *    engine touches memory only for requests that are published, so that a bank without work drains at once all the same.
 * U2 What is under way when the user leaves is left, and done anew on the memory of the next: a read changes nothing, a write is the same bytes
 *    again. One that must not be done twice (`writeOnce`) is left undecided. Whether a fault is the user's or its leaving's is told by whether it is still there.
 * U3 An access that began before a reset of the function is not done after it: it faults, and the report that the engine makes of that is stale.
 */
import { type JournalError, Now } from "@stopcopy/runtime"
import { type DmaAccess, type DmaDirection, DmaFault } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import type { VfActor } from "../Actors.ts"
import type { Vf } from "../VfState.ts"

type Latch = Effect.Latch

/** One user's stay. */
interface Stay {
  readonly dma: DmaAccess
  readonly left: Latch
}

/** What a fault tells. */
interface Access {
  readonly address: bigint
  readonly length: number
  readonly direction: DmaDirection
}

type Again<A> = () => Effect.Effect<A, DmaFault>

/** The generation of each bank: a reset of the function begins all of them anew. */
const generationsOf = ({ device }: Vf): ReadonlyArray<number> =>
  device === undefined ? [] : device.banks.map(({ generation }) => generation)

const isPast = (before: ReadonlyArray<number>, vf: Vf): boolean =>
  before.length > 0 && generationsOf(vf).every((generation, bank) => generation !== before[bank])

export class UserDma {
  /** What the engine is given. */
  readonly dma: DmaAccess
  private readonly vf: VfActor
  private stay: Stay | undefined
  private mastering = false
  private quitting = false
  /** Where an access goes at once; none while it has to wait. */
  private passage: DmaAccess | undefined
  /** Open while there is a passage, and while accesses are to fault. */
  private readonly gate = Effect.unsafeMakeLatch(false)
  /** Opened, for those under way, when a reset ends them. */
  private ended = Effect.unsafeMakeLatch(false)

  constructor(vf: VfActor) {
    this.vf = vf
    this.dma = {
      read: (address, length) => {
        const done = this.passage?.read(address, length)
        return done !== undefined && Now.isNow(done)
          ? done
          : this.slowly(done, { address, length, direction: "read" }, () => this.dma.read(address, length))
      },
      write: (address, bytes) => {
        const done = this.passage?.write(address, bytes)
        return done !== undefined && Now.isNow(done)
          ? done
          : this.slowly(done, { address, length: bytes.length, direction: "write" }, () =>
              this.dma.write(address, bytes)
            )
      },
      writeOnce: (address, bytes) => {
        const done = this.passage?.write(address, bytes)
        return done !== undefined && Now.isNow(done)
          ? Now.mapNow(done, () => true)
          : this.once(done, { address, length: bytes.length, direction: "write" }, address, bytes)
      },
      mayWrite: (address, length) => {
        const done = this.passage?.mayWrite(address, length)
        return done !== undefined && Now.isNow(done)
          ? done
          : this.slowly(done, { address, length, direction: "write" }, () => this.dma.mayWrite(address, length))
      }
    }
  }

  /** Somebody has the device from now on. */
  enter(dma: DmaAccess): void {
    this.stay = { dma, left: Effect.unsafeMakeLatch(false) }
    this.settle()
  }

  /** Nobody has it any more. */
  leave(): void {
    const { stay } = this
    this.stay = undefined
    this.settle()
    stay?.left.unsafeOpen()
  }

  /** Whether the function may master the bus, from now on. */
  master(on: boolean): void {
    this.mastering = on
    this.settle()
  }

  /** Waits until the user of this moment is away; at once if there is none. */
  get gone(): Effect.Effect<void> {
    return Effect.suspend(() => this.stay?.left.await ?? Effect.void)
  }

  /** Every access faults, those that wait and those under way too, until `drained` has ended. */
  quit<A, E>(drained: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const begin = Effect.sync(() => {
      this.quitting = true
      const { ended } = this
      this.ended = Effect.unsafeMakeLatch(false)
      this.settle()
      ended.unsafeOpen()
    })
    const end = Effect.sync(() => {
      this.quitting = false
      this.settle()
    })
    return Effect.zipRight(begin, Effect.ensuring(drained, end))
  }

  private settle(): void {
    this.passage = this.mastering && !this.quitting ? this.stay?.dma : undefined
    if (this.passage !== undefined || this.quitting) this.gate.unsafeOpen()
    else this.gate.unsafeClose()
  }

  /** An access that is not done at once: it waits for the gate, or for the user's answer. */
  private slowly<A>(
    begun: Effect.Effect<A, DmaFault> | undefined,
    what: Access,
    again: Again<A>
  ): Effect.Effect<A, DmaFault> {
    const { stay } = this
    return begun === undefined || stay === undefined ? this.later(what, again) : this.watched(begun, stay, what, again)
  }

  /** Waits for the gate, then does the access; faults once the function was reset meanwhile (U3). */
  private later<A>(what: Access, again: Again<A>): Effect.Effect<A, DmaFault> {
    return Effect.suspend(() => {
      const before = generationsOf(this.vf.unsafeState())
      return Effect.flatMap(this.resetOr(before, this.gate.await), () =>
        this.quitting || isPast(before, this.vf.unsafeState()) ? Either.left(new DmaFault(what)) : again()
      )
    })
  }

  /** An access that the user answers later. */
  private watched<A>(
    access: Effect.Effect<A, DmaFault>,
    stay: Stay,
    what: Access,
    again: Again<A>
  ): Effect.Effect<A, DmaFault> {
    return Effect.suspend(() => {
      // Between call and start the user may have left, or the bus was taken away.
      if (this.passage !== stay.dma) return again()
      return Effect.flatMap(this.outcomeOf(access, stay), (outcome) => {
        if (this.quitting) return Either.left(new DmaFault(what))
        return outcome ?? again()
      })
    })
  }

  /** What the user answers; undefined if it leaves, or the bus is taken away, before that. */
  private outcomeOf<A>(
    access: Effect.Effect<A, DmaFault>,
    stay: Stay
  ): Effect.Effect<Either.Either<A, DmaFault> | undefined> {
    const stopped = Effect.as(Effect.raceFirst(stay.left.await, this.ended.await), undefined)
    return Effect.map(Effect.raceFirst(Effect.disconnect(Effect.either(access)), stopped), (outcome) =>
      outcome !== undefined && Either.isLeft(outcome) && this.stay !== stay ? undefined : outcome
    )
  }

  /** A write that is begun at most once: until then it waits as any other. */
  private once(
    begun: Effect.Effect<void, DmaFault> | undefined,
    what: Access,
    address: bigint,
    bytes: Uint8Array
  ): Effect.Effect<boolean, DmaFault> {
    const again = (): Effect.Effect<boolean, DmaFault> => this.dma.writeOnce?.(address, bytes) ?? Either.right(false)
    return Effect.suspend(() => {
      const { stay } = this
      if (begun === undefined || stay === undefined || this.passage !== stay.dma) return this.later(what, again)
      return Effect.flatMap(this.outcomeOf(begun, stay), (outcome) => {
        if (this.quitting) return Either.left(new DmaFault(what))
        return outcome === undefined ? Either.right(false) : Either.map(outcome, () => true)
      })
    })
  }

  private resetOr(before: ReadonlyArray<number>, wait: Effect.Effect<void>): Effect.Effect<void> {
    if (before.length === 0) return wait
    const reset: Effect.Effect<unknown, JournalError> = this.vf.until((vf) => isPast(before, vf))
    // A journal that cannot be read tells of no reset; the gate still opens.
    return Effect.raceFirst(
      wait,
      Effect.catchAll(reset, () => Effect.never)
    )
  }
}

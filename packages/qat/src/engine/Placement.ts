/**
 * Brings what is recorded of a bank to its guest, and knows how far that came. Source: section 1.3 of the firmware specification; `Place.ts` for how
 * responses and data are written, `Worker.ts` for who decides when.
 *
 * B1 Where the bank starts anew while outcomes are placed, nothing more of them is written. Of memory that answers later, one write may be under way then.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect, Either, Schema } from "effect"
import type { VfActor } from "../Actors.ts"
import { hasUnplaced, isHalted } from "../EngineWork.ts"
import { type Outcome, responseBytes } from "../Outcome.ts"
import { ringBase, ringRegister } from "../RegisterFile.ts"
import { receive, transmit } from "../Registers.ts"
import { ringBytes } from "../RingStatus.ts"
import type { VfCommand } from "../VfCommand.ts"
import { type EngineBank, engineBank, initialDevice, unplacedCount, unplacedOutcomes } from "../VfDevice.ts"
import type { Vf } from "../VfState.ts"
import type { Done } from "./Burst.ts"
import { type DmaAccess, DmaFault } from "./Dma.ts"
import { failedResponse } from "./Firmware.ts"
import { firstMissingOf, giveResponse, placeNow, prepare, restoreData, type Ring, writeAll } from "./Place.ts"

export type Failed = Errno | JournalError

/** Why a response says that its request failed although it was executed. */
type Reason = "write fault" | "interrupted write"

const isFault = Schema.is(DmaFault)

const partOf = (state: Vf, bank: number): EngineBank => engineBank(state.device ?? initialDevice, bank)

/** How often the bank has started anew. */
export const generationOf = (state: Vf, bank: number): number => partOf(state, bank).generation

/** Guest memory whose writes go nowhere any more once `isCurrent` is false (B1). */
const writtenWhile = (dma: DmaAccess, isCurrent: () => boolean): DmaAccess => ({
  read: (address, length) => dma.read(address, length),
  write: (address, bytes) => (isCurrent() ? dma.write(address, bytes) : Either.void),
  writeOnce: (address, bytes) => {
    if (!isCurrent()) return Either.right(true)
    return dma.writeOnce?.(address, bytes) ?? Effect.as(dma.write(address, bytes), true)
  },
  mayWrite: (address, length) => dma.mayWrite(address, length)
})

/** What of one bank is on its way to the guest. */
export class Placement {
  private readonly vf: VfActor
  private readonly dma: DmaAccess
  private readonly bank: number
  /** Generation whose outcomes this process made itself, and how many of its unplaced responses are in guest memory. */
  private own = -1
  private inMemory = 0

  constructor(vf: VfActor, dma: DmaAccess, bank: number) {
    this.vf = vf
    this.dma = dma
    this.bank = bank
  }

  /** Records what is in guest memory, and places what may not be: then nothing is unplaced, unless a ring's memory is not there. `service`: what the bank serves. */
  settle(state: Vf, service: number): Effect.Effect<void, Failed> {
    return this.unknown(state) > 0 ? this.placeAgain(state, service) : this.settleKnown(state)
  }

  /** Records what is known to be in guest memory. */
  settleKnown(state: Vf): Effect.Effect<void, Failed> {
    return this.known(state) > 0 ? this.reportPlaced(state) : Either.void
  }

  /** Unplaced responses of which this process knows that they are in guest memory. */
  private known(state: Vf): number {
    return this.own === generationOf(state, this.bank) && !isHalted(state.registers, this.bank) ? this.inMemory : 0
  }

  /** Unplaced responses of which it does not know that. */
  private unknown(state: Vf): number {
    return hasUnplaced(state, this.bank) ? unplacedCount(partOf(state, this.bank)) - this.known(state) : 0
  }

  /** Tells the VF; false if it was stale. */
  report(command: VfCommand): Effect.Effect<boolean, Failed> {
    return Effect.map(this.vf.ask(command), ({ _tag }) => _tag !== "Stale")
  }

  private reportPlaced(state: Vf): Effect.Effect<void, Failed> {
    const { generation } = partOf(state, this.bank)
    const count = this.inMemory
    return Effect.map(this.report({ _tag: "EnginePlaced", bank: this.bank, generation, count }), () => {
      this.inMemory = 0
    })
  }

  /** The memory of a ring is not there. */
  faulted(generation: number, ring: number, { address }: DmaFault): Effect.Effect<void, Failed> {
    return Effect.asVoid(this.report({ _tag: "EngineFaulted", bank: this.bank, generation, ring, address }))
  }

  /** Guest memory as it may be written for a generation of the bank. */
  private memoryOf(generation: number): DmaAccess {
    const { bank, dma, vf } = this
    return writtenWhile(dma, () => generationOf(vf.unsafeState(), bank) === generation)
  }

  /** The response ring as it stood in a state, to be written for the burst that was executed last by then, `executed` requests in all. */
  ringOf(state: Vf, executed: number): Ring {
    const { bank } = this
    const generation = generationOf(state, bank)
    return {
      dma: this.memoryOf(generation),
      base: ringBase(state.registers, bank, receive),
      slots: ringBytes(ringRegister(state.registers, bank, receive, "CONFIG")) / responseBytes,
      burst: { generation, executed }
    }
  }

  /** Brings to the guest what was just recorded, and has that recorded. True if all of it was written at once. */
  place(ring: Ring, done: ReadonlyArray<Done>): Effect.Effect<boolean, Failed> {
    return Effect.gen(this, function* () {
      this.own = ring.burst.generation
      // Nothing happens to the bank meanwhile: one look is enough.
      const isCurrent = generationOf(this.vf.unsafeState(), this.bank) === ring.burst.generation
      this.inMemory = isCurrent ? placeNow({ ...ring, dma: this.dma }, done) : 0
      const isAtOnce = this.inMemory === done.length
      if (!isAtOnce) {
        const outcomes = done.map(({ outcome }) => outcome)
        const write = (index: number) => Effect.as(writeAll(ring.dma, done[index]?.writes ?? []), true)
        if (
          !(yield* this.placeFrom(
            ring,
            outcomes,
            this.inMemory === 0 ? undefined : this.inMemory,
            write,
            "write fault"
          ))
        )
          return false
      }
      // At once: while it is not recorded, only the slots tell what the guest has taken (`Slots.ts`).
      yield* this.settleKnown(yield* this.vf.state)
      return isAtOnce
    })
  }

  /**
   * Places responses from `from` on (undefined: from the first on, nothing is prepared), each behind its data, which `write` brings there, or says that it cannot. False if it came not to the end: the ring's memory is
   * not there, which is reported, or the guest left, and only the ring tells whether it has the last one.
   */
  private placeFrom(
    ring: Ring,
    outcomes: ReadonlyArray<Outcome>,
    from: number | undefined,
    write: (index: number) => Effect.Effect<boolean, DmaFault>,
    reason: Reason
  ): Effect.Effect<boolean, Failed> {
    const steps = Effect.gen(this, function* () {
      if (from === undefined) yield* prepare(ring, outcomes)
      for (let index = from ?? 0; index < outcomes.length; index++) {
        const outcome = outcomes[index]
        if (outcome === undefined) break
        const isThere = yield* Effect.orElseSucceed(write(index), () => false)
        const final = isThere ? outcome : yield* this.amend(ring, outcome, reason)
        if (!(yield* giveResponse(ring, final))) return false
        this.inMemory++
      }
      return true
    })
    return Effect.catchIf(steps, isFault, (fault) =>
      Effect.as(this.faulted(ring.burst.generation, receive, fault), false)
    )
  }

  /** The outcome of a request that failed after all, recorded as such; its trace stays what it is. */
  private amend(ring: Ring, outcome: Outcome, reason: Reason): Effect.Effect<Outcome, Failed> {
    const { bank } = this
    const { generation } = ring.burst
    const { slot } = outcome
    const response = failedResponse(outcome.response)
    return Effect.as(this.report({ _tag: "EngineAmended", bank, generation, slot, response, reason }), {
      ...outcome,
      response
    })
  }

  /** Places what is recorded and not known to be placed: after a crash, or after a journal that took the outcomes and nothing more. */
  private placeAgain(state: Vf, service: number): Effect.Effect<void, Failed> {
    const part = partOf(state, this.bank)
    const ring = this.ringOf(state, part.executed)
    const requests = ringBase(state.registers, this.bank, transmit)
    const all = unplacedOutcomes(part)
    // Where the guest has given slots back the tail is behind them already: those responses it took.
    const tail = ringRegister(state.registers, this.bank, receive, "TAIL") / responseBytes
    const taken = (tail - (all[0]?.responseSlot ?? tail) + ring.slots) % ring.slots
    const left = all.slice(Math.max(this.known(state), taken))
    return Effect.gen(this, function* () {
      const first = yield* Effect.either(firstMissingOf(ring, left))
      if (Either.isLeft(first)) return yield* this.faulted(part.generation, receive, first.left)
      const restore = (index: number) => {
        const outcome = left[index]
        return outcome === undefined ? Either.right(true) : restoreData(ring.dma, requests, service, outcome)
      }
      if (!(yield* this.placeFrom(ring, left, first.right, restore, "interrupted write"))) return
      this.own = part.generation
      this.inMemory = unplacedCount(part)
      yield* this.reportPlaced(state)
    })
  }
}

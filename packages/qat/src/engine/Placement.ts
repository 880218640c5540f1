/**
 * Brings what is recorded of a bank to its guest, and knows how far that came. Source: section 1.3 of the firmware specification; `Place.ts` for how
 * responses and data are written, `Worker.ts` for who decides when.
 *
 * B1 Where the bank starts anew while outcomes are placed, nothing more of them is written. Of memory that answers later, one write may be under way then.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
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
import type { DmaAccess, DmaFault } from "./Dma.ts"
import { failedResponse } from "./Firmware.ts"
import { missingResponses, placeNow, restoreData, writeAll, writeResponse } from "./Place.ts"

export type Failed = Errno | JournalError

const partOf = (state: Vf, bank: number): EngineBank => engineBank(state.device ?? initialDevice, bank)

/** How often the bank has started anew. */
export const generationOf = (state: Vf, bank: number): number => partOf(state, bank).generation

/** Guest memory whose writes go nowhere any more once `isCurrent` is false (B1). */
const writtenWhile = (dma: DmaAccess, isCurrent: () => boolean): DmaAccess => ({
  read: (address, length) => dma.read(address, length),
  write: (address, bytes) => (isCurrent() ? dma.write(address, bytes) : Either.void),
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
  memoryOf(generation: number): DmaAccess {
    const { bank, dma, vf } = this
    return writtenWhile(dma, () => generationOf(vf.unsafeState(), bank) === generation)
  }

  /** Brings to the guest what was just recorded, and has that recorded. `base`: address of ring 1. */
  place(dma: DmaAccess, base: bigint, generation: number, done: ReadonlyArray<Done>): Effect.Effect<void, Failed> {
    return Effect.gen(this, function* () {
      this.own = generation
      this.inMemory = placeNow(dma, base, done)
      for (const { outcome, writes } of done.slice(this.inMemory)) {
        const written = yield* Effect.either(writeAll(dma, writes))
        const final = written._tag === "Right" ? outcome : yield* this.amend(generation, outcome, "write fault")
        const placed = yield* Effect.either(writeResponse(dma, base, final))
        if (placed._tag === "Left") return yield* this.faulted(generation, receive, placed.left)
        this.inMemory++
      }
      // At once: while it is not recorded, only the slots tell what the guest has taken, and they do not always (`Slots.ts`).
      yield* this.settleKnown(yield* this.vf.state)
    })
  }

  /** The outcome of a request that failed after all, recorded as such. */
  private amend(
    generation: number,
    outcome: Outcome,
    reason: "write fault" | "interrupted write"
  ): Effect.Effect<Outcome, Failed> {
    const { slot } = outcome
    const response = failedResponse(outcome.response)
    return Effect.as(this.report({ _tag: "EngineAmended", bank: this.bank, generation, slot, response, reason }), {
      ...outcome,
      response
    })
  }

  /** Places what is recorded and not known to be placed: after a crash, or after a journal that took the outcomes and nothing more. */
  private placeAgain(state: Vf, service: number): Effect.Effect<void, Failed> {
    const { bank } = this
    const part = partOf(state, this.bank)
    const { generation } = part
    const dma = this.memoryOf(generation)
    const [requests, responses] = [ringBase(state.registers, bank, transmit), ringBase(state.registers, bank, receive)]
    const slots = ringBytes(ringRegister(state.registers, bank, receive, "CONFIG")) / responseBytes
    const all = unplacedOutcomes(part)
    // Where the guest has given slots back the tail is behind them already: those responses it took.
    const tail = ringRegister(state.registers, bank, receive, "TAIL") / responseBytes
    const taken = (tail - (all[0]?.responseSlot ?? tail) + slots) % slots
    const left = all.slice(Math.max(this.known(state), taken))
    return Effect.gen(this, function* () {
      const again = yield* Effect.either(missingResponses(dma, responses, slots, left))
      if (again._tag === "Left") return yield* this.faulted(generation, receive, again.left)
      for (const [index, outcome] of left.entries()) {
        if (again.right[index] === false) continue
        const there = yield* Effect.either(restoreData(dma, requests, service, outcome))
        const whole = there._tag === "Right" && there.right
        const final = whole ? outcome : yield* this.amend(generation, outcome, "interrupted write")
        const placed = yield* Effect.either(writeResponse(dma, responses, final))
        if (placed._tag === "Left") return yield* this.faulted(generation, receive, placed.left)
      }
      this.own = generation
      this.inMemory = unplacedCount(part)
      yield* this.reportPlaced(state)
    })
  }
}

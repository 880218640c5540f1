/**
 * The engine of one bank: fetches, executes, has it recorded, places, and waits for more. Outside of every decision; what it does comes into the VF's
 * state by its reports alone. Source: section 1 of the firmware specification; `docs/architecture.md`, "Who decides what".
 *
 * K1 A bank that drains is idle once what it has fetched is placed. A report that is stale is dropped with all that it would have written.
 * K2 While the journal takes nothing, nothing reaches the guest: the requests stay where they are, and are tried again.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Clock, Duration, Effect } from "effect"
import type { PfActor, VfActor } from "../Actors.ts"
import { fetchable, hasUnplaced, isHalted, type Work } from "../EngineWork.ts"
import { type Outcome, responseBytes } from "../Outcome.ts"
import type { Pf } from "../Pf.ts"
import { ringBase, ringRegister } from "../RegisterFile.ts"
import { receive, transmit } from "../Registers.ts"
import { ringBytes } from "../RingStatus.ts"
import type { VfCommand } from "../VfCommand.ts"
import { type EngineBank, engineBank, initialDevice, unplacedCount, unplacedOutcomes } from "../VfDevice.ts"
import type { Vf } from "../VfState.ts"
import { type Admit, type Done, executeBurst, packed, requestBytesOf } from "./Burst.ts"
import type { DmaAccess, DmaFault } from "./Dma.ts"
import { failedResponse, serviceOf } from "./Firmware.ts"

import type { Pace } from "./Pace.ts"
import { missingResponses, placeNow, restoreData, writeAll, writeResponse } from "./Place.ts"

/** What a worker works with. */
interface Parts {
  readonly pf: PfActor
  readonly vf: VfActor
  readonly dma: DmaAccess
  readonly pace: Pace
}

type Failed = Errno | JournalError

/** How long a journal that takes nothing is left alone. */
const retryAfter = "100 millis"

/** Lets sockets and timers of the process have their turn: a busy ring must not hold them up. */
const breathe: Effect.Effect<void> = Effect.async<void>((resume) => {
  const timer = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(timer))
})

/** Sleeps until a moment of the clock, in microseconds; in whole milliseconds, since no timer is finer. A bucket makes up for what is late. */
const sleepUntil = (micros: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (millis) =>
    Effect.sleep(Duration.millis(Math.max(0, Math.ceil(micros / 1000) - millis)))
  )

export class Worker {
  private readonly parts: Parts
  private readonly bank: number
  /** Open while nothing that was fetched is unrecorded or unplaced. */
  private readonly idle = Effect.unsafeMakeLatch(true)
  /** Generation whose outcomes this process made itself, and how many of its unplaced responses are in guest memory. */
  private own = -1
  private inMemory = 0
  /** The next request was let through by its SLA before it was left for a burst of its own. */
  private admitted = false

  constructor(parts: Parts, bank: number) {
    this.parts = parts
    this.bank = bank
  }

  /** Works for ever. */
  get run(): Effect.Effect<never> {
    return Effect.forever(
      Effect.catchAllCause(this.step, (cause) =>
        Effect.zipRight(
          Effect.logError(
            `The engine of bank ${this.bank} of ${this.parts.vf.stream} could not go on; it tries again`,
            cause
          ),
          Effect.sleep(retryAfter)
        )
      )
    )
  }

  /** Waits until nothing is under way. Only of use while nothing new is fetched. */
  get drained(): Effect.Effect<void, JournalError> {
    return Effect.zipRight(
      Effect.suspend(() => this.idle.await),
      Effect.asVoid(this.parts.vf.until((state) => !hasUnplaced(state, this.bank)))
    )
  }

  /** Whether nothing is under way now. */
  isDrained(state: Vf): boolean {
    return !this.busy && !hasUnplaced(state, this.bank)
  }

  private busy = false

  private get step(): Effect.Effect<void, Failed> {
    const { bank, parts } = this
    return Effect.gen(this, function* () {
      const pf = yield* parts.pf.state
      const size = requestBytesOf(serviceOf(pf.svcmap, bank))
      yield* parts.vf.until((now) => hasUnplaced(now, bank) || fetchable(now, bank, size) !== undefined)
      // Once the bank counts as busy a drain waits for it: what may be fetched is looked at after that.
      const notBefore = yield* this.working(Effect.onInterrupt(this.series(pf), () => this.leave))
      yield* breathe
      if (notBefore !== undefined) yield* sleepUntil(notBefore)
    })
  }

  /** Bursts, as long as there is more to fetch. When to go on, if an SLA says so. */
  private series({ slas, svcmap }: Pf): Effect.Effect<number | undefined, Failed> {
    const { bank, parts } = this
    const service = serviceOf(svcmap, bank)
    return Effect.gen(this, function* () {
      const clock = yield* Effect.clock
      let notBefore: number | undefined
      while (notBefore === undefined) {
        const state = yield* parts.vf.state
        if (this.unknown(state) > 0) yield* this.placeAgain(state, service)
        else if (this.known(state) > 0) yield* this.reportPlaced(state)
        const now = yield* parts.vf.state
        const work = fetchable(now, bank, requestBytesOf(service))
        if (work === undefined) break
        const admit = (message: Uint8Array) => {
          if (slas.length === 0) return undefined
          if (!this.admitted) {
            return parts.pace.admit(slas, now.vfNumber, bank, message, Number(clock.unsafeCurrentTimeNanos() / 1000n))
          }
          this.admitted = false
          return undefined
        }
        notBefore = yield* this.burst(now, work, service, admit)
        yield* breathe
      }
      return notBefore
    })
  }

  /** An engine that is ended records what it has placed; where the journal does not take that, the next engine finds it out. */
  private get leave(): Effect.Effect<void> {
    return Effect.flatMap(this.parts.vf.state, (state) =>
      this.known(state) > 0 ? this.reportPlaced(state) : Effect.void
    ).pipe(
      Effect.catchAllCause((cause) => Effect.logWarning(`What bank ${this.bank} had placed is not recorded`, cause))
    )
  }

  /** Unplaced responses of which this process knows that they are in guest memory. */
  private known(state: Vf): number {
    return this.own === this.generation(state) && !isHalted(state.registers, this.bank) ? this.inMemory : 0
  }

  /** Unplaced responses of which it does not know that. */
  private unknown(state: Vf): number {
    return hasUnplaced(state, this.bank) ? unplacedCount(this.part(state)) - this.known(state) : 0
  }

  private part(state: Vf): EngineBank {
    return engineBank(state.device ?? initialDevice, this.bank)
  }

  private reportPlaced(state: Vf): Effect.Effect<void, Failed> {
    const { generation } = this.part(state)
    const count = this.inMemory
    return Effect.map(this.report({ _tag: "EnginePlaced", bank: this.bank, generation, count }), () => {
      this.inMemory = 0
    })
  }

  private working<A>(effect: Effect.Effect<A, Failed>): Effect.Effect<A, Failed> {
    return Effect.suspend(() => {
      this.busy = true
      this.idle.unsafeClose()
      return Effect.ensuring(
        effect,
        Effect.sync(() => {
          this.busy = false
          this.idle.unsafeOpen()
        })
      )
    })
  }

  private report(command: VfCommand): Effect.Effect<boolean, Failed> {
    return Effect.map(this.parts.vf.ask(command), ({ _tag }) => _tag !== "Stale")
  }

  private generation(state: Vf): number {
    return this.part(state).generation
  }

  /** The memory of a ring is not there. */
  private faulted(generation: number, ring: number, { address }: DmaFault): Effect.Effect<void, Failed> {
    return Effect.asVoid(this.report({ _tag: "EngineFaulted", bank: this.bank, generation, ring, address }))
  }

  /** One burst. When to go on, if an SLA held a request back. */
  private burst(state: Vf, work: Work, service: number, admit: Admit): Effect.Effect<number | undefined, Failed> {
    const { bank, parts } = this
    const generation = this.generation(state)
    const base = ringBase(state.registers, bank, transmit)
    return Effect.gen(this, function* () {
      const executed = yield* Effect.either(executeBurst(parts.dma, base, work, service, admit))
      if (executed._tag === "Left") {
        yield* this.faulted(generation, transmit, executed.left)
        return undefined
      }
      const { admitted, done, notBefore } = executed.right
      this.admitted = admitted
      const count = done.length
      if (count === 0) return notBefore
      const head = (work.head + count * requestBytesOf(service)) & (work.transmitBytes - 1)
      const tail = ((work.responseSlot + count) * responseBytes) & (work.receiveBytes - 1)
      const of = { bank, generation, from: work.from, head, tail, count, outcomes: packed(done) }
      // Here an engine may die, or be interrupted: what is recorded and not placed, the next one places.
      const recorded = yield* this.report({ _tag: "EngineExecuted", ...of })
      if (!recorded) return undefined
      this.own = generation
      this.inMemory = 0
      yield* this.place(state, generation, done)
      // At once: while it is not recorded, only the slots tell what the guest has taken, and they do not always (`Slots.ts`).
      if (this.known(state) > 0) yield* this.reportPlaced(state)
      return notBefore
    })
  }

  /** Brings what was just recorded to the guest. */
  private place(state: Vf, generation: number, done: ReadonlyArray<Done>): Effect.Effect<void, Failed> {
    const { bank, parts } = this
    const base = ringBase(state.registers, bank, receive)
    return Effect.gen(this, function* () {
      this.inMemory = placeNow(parts.dma, base, done)
      for (const { outcome, writes } of done.slice(this.inMemory)) {
        const written = yield* Effect.either(writeAll(parts.dma, writes))
        const final = written._tag === "Right" ? outcome : yield* this.amend(generation, outcome, "write fault")
        const placed = yield* Effect.either(writeResponse(parts.dma, base, final))
        if (placed._tag === "Left") return yield* this.faulted(generation, receive, placed.left)
        this.inMemory++
      }
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
    const { bank, parts } = this
    const part = this.part(state)
    const { generation } = part
    const [requests, responses] = [ringBase(state.registers, bank, transmit), ringBase(state.registers, bank, receive)]
    const slots = ringBytes(ringRegister(state.registers, bank, receive, "CONFIG")) / responseBytes
    const all = unplacedOutcomes(part)
    // Where the guest has given slots back the tail is behind them already: those responses it took.
    const tail = ringRegister(state.registers, bank, receive, "TAIL") / responseBytes
    const taken = (tail - (all[0]?.responseSlot ?? tail) + slots) % slots
    const left = all.slice(Math.max(this.known(state), taken))
    return Effect.gen(this, function* () {
      const again = yield* Effect.either(missingResponses(parts.dma, responses, slots, left))
      if (again._tag === "Left") return yield* this.faulted(generation, receive, again.left)
      for (const [index, outcome] of left.entries()) {
        if (again.right[index] === false) continue
        const there = yield* Effect.either(restoreData(parts.dma, requests, service, outcome))
        const whole = there._tag === "Right" && there.right
        const final = whole ? outcome : yield* this.amend(generation, outcome, "interrupted write")
        const placed = yield* Effect.either(writeResponse(parts.dma, responses, final))
        if (placed._tag === "Left") return yield* this.faulted(generation, receive, placed.left)
      }
      this.own = generation
      this.inMemory = unplacedCount(part)
      yield* this.reportPlaced(state)
    })
  }
}

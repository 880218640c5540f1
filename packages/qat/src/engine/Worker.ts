/**
 * The engine of one bank: fetches, executes, has it recorded, places, and waits for more. Outside of every decision; what it does comes into the VF's
 * state by its reports alone. Source: section 1 of the firmware specification; `docs/architecture.md`, "Who decides what".
 *
 * K1 A bank that drains is idle once what it has fetched is placed. A report that is stale is dropped with all that it would have written.
 * K2 While the journal takes nothing, nothing reaches the guest: the requests stay where they are, and are tried again.
 */
import type { JournalError } from "@stopcopy/runtime"
import { type Clock, Duration, Effect } from "effect"
import type { PfActor, VfActor } from "../Actors.ts"
import { fetchable, hasUnplaced, type Work } from "../EngineWork.ts"
import { responseBytes } from "../Outcome.ts"
import type { Pf } from "../Pf.ts"
import { ringBase } from "../RegisterFile.ts"
import { transmit } from "../Registers.ts"
import { engineBank, initialDevice } from "../VfDevice.ts"
import type { Vf } from "../VfState.ts"
import { type Admit, executeBurst, packed, requestBytesOf } from "./Burst.ts"
import type { DmaAccess } from "./Dma.ts"
import { serviceOf } from "./Firmware.ts"
import type { Pace } from "./Pace.ts"
import { type Failed, generationOf, Placement } from "./Placement.ts"
import { Staging } from "./Staging.ts"

/** What a worker works with. */
interface Parts {
  readonly pf: PfActor
  readonly vf: VfActor
  readonly dma: DmaAccess
  readonly pace: Pace
}

/** Until when the SLAs of the PF hold the next request back: microseconds. */
interface Held {
  readonly notBefore: number
  readonly slas: Pf["slas"]
}

/** How long a journal that takes nothing is left alone. */
const retryAfter = "100 millis"

/** Lets sockets and timers of the process have their turn: a busy ring must not hold them up. */
const breathe: Effect.Effect<void> = Effect.async<void>((resume) => {
  const timer = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(timer))
})

/** The same clock as the SLAs have, in microseconds. */
const microsOf = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos() / 1000n)

/** Sleeps until a moment of that clock; in whole milliseconds, since no timer is finer. A bucket makes up for what is late. */
const sleepUntil = (micros: number): Effect.Effect<void> =>
  Effect.clockWith((clock) => Effect.sleep(Duration.millis(Math.max(0, Math.ceil((micros - microsOf(clock)) / 1000)))))

export class Worker {
  private readonly parts: Parts
  private readonly bank: number
  private readonly placement: Placement
  /** Open while nothing that was fetched is unrecorded or unplaced. */
  private readonly idle = Effect.unsafeMakeLatch(true)
  /** The same, to be looked at. */
  private busy = false
  /** Generation whose next request was let through by its SLA already, and was left for a burst of its own. */
  private admitted = -1

  constructor(parts: Parts, bank: number) {
    this.parts = parts
    this.bank = bank
    this.placement = new Placement(parts.vf, parts.dma, bank)
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

  private get step(): Effect.Effect<void, Failed> {
    return Effect.gen(this, function* () {
      yield* this.somethingToDo
      // Once the bank counts as busy a drain waits for it: what may be fetched is looked at after that.
      const held = yield* this.working(Effect.onInterrupt(this.series, () => this.leave))
      yield* breathe
      if (held !== undefined) yield* this.until(held)
    })
  }

  /** Waits until the bank has something to do, under the service map that the PF has by then. */
  private get somethingToDo(): Effect.Effect<void, Failed> {
    const { bank, parts } = this
    return Effect.gen(this, function* () {
      for (;;) {
        const { svcmap } = yield* parts.pf.state
        const size = requestBytesOf(serviceOf(svcmap, bank))
        const isThere = (now: Vf) => hasUnplaced(now, bank) || fetchable(now, bank, size) !== undefined
        if (isThere(yield* parts.vf.state)) return
        yield* Effect.race(
          parts.vf.until(isThere),
          parts.pf.until((pf) => pf.svcmap !== svcmap)
        )
      }
    })
  }

  /** Waits until an SLA lets the next request go, or the PF has other SLAs. */
  private until({ notBefore, slas }: Held): Effect.Effect<void, Failed> {
    return Effect.race(sleepUntil(notBefore), Effect.asVoid(this.parts.pf.until((pf) => pf.slas !== slas)))
  }

  /** Bursts, as long as there is more to fetch, or until an SLA holds a request back. */
  private get series(): Effect.Effect<Held | undefined, Failed> {
    const { bank, parts } = this
    return Effect.gen(this, function* () {
      const clock = yield* Effect.clock
      for (;;) {
        const { slas, svcmap } = yield* parts.pf.state
        const service = serviceOf(svcmap, bank)
        yield* this.placement.settle(yield* parts.vf.state, service)
        const now = yield* parts.vf.state
        const work = fetchable(now, bank, requestBytesOf(service))
        if (work === undefined) return undefined
        const notBefore = yield* this.burst(now, work, service, this.admission(now, slas, clock))
        if (notBefore !== undefined) return { notBefore, slas }
        yield* breathe
      }
    })
  }

  /** What lets requests of this generation go, one after the other. */
  private admission(now: Vf, slas: Pf["slas"], clock: Clock.Clock): Admit {
    const { bank, parts } = this
    const generation = generationOf(now, bank)
    return (message) => {
      if (slas.length === 0) return undefined
      const already = this.admitted === generation
      this.admitted = -1
      return already ? undefined : parts.pace.admit(slas, now.vfNumber, bank, message, microsOf(clock))
    }
  }

  /** An engine that is ended records what it has placed; where the journal does not take that, the next engine finds it out. */
  private get leave(): Effect.Effect<void> {
    return Effect.flatMap(this.parts.vf.state, (state) => this.placement.settleKnown(state)).pipe(
      Effect.catchAllCause((cause) => Effect.logWarning(`What bank ${this.bank} had placed is not recorded`, cause))
    )
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

  /** One burst. When to go on, if an SLA held a request back. */
  private burst(state: Vf, work: Work, service: number, admit: Admit): Effect.Effect<number | undefined, Failed> {
    const { bank, parts, placement } = this
    const generation = generationOf(state, bank)
    const base = ringBase(state.registers, bank, transmit)
    const staging = new Staging()
    return Effect.gen(this, function* () {
      const executed = yield* Effect.either(executeBurst(parts.dma, base, work, service, admit, staging))
      if (executed._tag === "Left") {
        yield* placement.faulted(generation, transmit, executed.left)
        return undefined
      }
      const { admitted, done, notBefore } = executed.right
      if (admitted) this.admitted = generation
      const count = done.length
      if (count === 0) return notBefore
      const ring = placement.ringOf(state, engineBank(state.device ?? initialDevice, bank).executed + count)
      const head = (work.head + count * requestBytesOf(service)) & (work.transmitBytes - 1)
      const tail = ((work.responseSlot + count) * responseBytes) & (work.receiveBytes - 1)
      const of = { bank, generation, from: work.from, head, tail, count, outcomes: packed(done) }
      // Here an engine may die, or be interrupted: what is recorded and not placed, the next one places.
      const recorded = yield* placement.report({ _tag: "EngineExecuted", ...of })
      if (!recorded) return undefined
      // Memory that answers later may still have a write in its hands when it is given up.
      if (yield* placement.place(ring, done)) staging.release()
      return notBefore
    })
  }
}

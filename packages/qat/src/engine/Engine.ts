/**
 * The engine of a VF: a worker for each bank, a timer for each bank's coalesced interrupt, and the drain that a suspend waits for. Source: section 3
 * of the register specification; `qat_common/adf_gen4_hw_data.c`.
 */
import type { Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { type Context, Duration, Effect, Either, Layer, Option, type Scope } from "effect"
import type { PfActor, VfActor } from "../Actors.ts"
import { Hardware } from "../Hardware.ts"
import { coalescingMicros, line } from "../Interrupts.ts"
import { hasLatch, Latch } from "../RegisterFile.ts"
import { banksPerVf } from "../Registers.ts"
import type { Vf } from "../VfState.ts"
import { drainTimeoutMillis } from "../Suspend.ts"
import { Dma } from "./Dma.ts"
import { Pace } from "./Pace.ts"
import { Worker } from "./Worker.ts"

/** What a suspend waits for, of the VF whose engine this is. */
export type Engine = Context.Tag.Service<Hardware>

export interface EngineOptions {
  /** Of the device: VFs of one PF share it. One of its own if nothing is said. */
  readonly pace?: Pace
  /** 0 if a migration file can be created now, else the errno that creating one would give. Default: always 0. */
  readonly fileCreation?: Effect.Effect<number>
}

const runs = ({ registers }: Vf, bank: number): boolean => hasLatch(registers, bank, Latch.coalescing)

/**
 * Runs the timer of a bank's coalesced interrupt, over and over. One that is stopped, or set anew, does not run out; one that is started again in the same
 * turn goes on, and the interrupt is early, which drivers bear.
 */
const timer = (vf: VfActor, bank: number): Effect.Effect<never, Errno | JournalError> =>
  Effect.forever(
    Effect.gen(function* () {
      const { registers } = yield* vf.until((state) => runs(state, bank))
      const micros = coalescingMicros(registers, bank)
      const ranOut = yield* Effect.race(
        Effect.as(Effect.sleep(Duration.micros(BigInt(micros))), true),
        Effect.as(
          vf.until((now) => !runs(now, bank) || coalescingMicros(now.registers, bank) !== micros),
          false
        )
      )
      if (ranOut) yield* vf.ask({ _tag: "CoalescingRanOut", bank })
    })
  )

/** A timer whose turn the journal did not take tries again: the interrupt is late, not lost. */
const retryAfter = "100 millis"

const forked = (vf: VfActor, bank: number): Effect.Effect<void, never, Scope.Scope> =>
  timer(vf, bank).pipe(
    Effect.catchAllCause((cause) =>
      Effect.zipRight(
        Effect.logError(`The timer of bank ${bank} of ${vf.stream} could not go on; it tries again`, cause),
        Effect.sleep(retryAfter)
      )
    ),
    Effect.forever,
    Effect.forkScoped
  )

/** True when `wait` has ended within the limit; what is so exactly at the limit counts. */
const within = (
  wait: Effect.Effect<void, JournalError>,
  holds: Effect.Effect<boolean, JournalError>,
  limit: Duration.DurationInput
): Effect.Effect<boolean, JournalError> =>
  Effect.flatMap(Effect.timeoutOption(wait, limit), (ended) => (Option.isSome(ended) ? Effect.succeed(true) : holds))

/** Starts the engine of a VF. It works until the scope ends; what it had fetched and not recorded is then fetched again by the next. */
export const make = (
  pf: PfActor,
  vf: VfActor,
  options: EngineOptions = {}
): Effect.Effect<Engine, never, Dma | Scope.Scope> =>
  Effect.gen(function* () {
    const dma = yield* Dma
    const parts = { pf, vf, dma, pace: options.pace ?? new Pace() }
    const workers = Array.from({ length: banksPerVf }, (_, bank) => new Worker(parts, bank))
    for (const [bank, worker] of workers.entries()) {
      yield* Effect.forkScoped(worker.run)
      yield* forked(vf, bank)
    }
    const workerOf = (pfBank: number): Worker | undefined => workers[pfBank % banksPerVf]
    return Hardware.of({
      drain: (pfBank) => {
        const worker = workerOf(pfBank)
        // What is idle is drained: nothing is fetched for a bank whose drain is under way.
        if (worker === undefined || worker.isDrained(vf.unsafeState())) return Either.right(true)
        const holds = Effect.map(vf.state, (state) => worker.isDrained(state))
        return Effect.orDie(within(worker.drained, holds, Duration.millis(drainTimeoutMillis)))
      },
      release: () => Either.void,
      interruptSource: (pfBank, limitMicros) => {
        const bank = pfBank % banksPerVf
        const asks = Effect.asVoid(vf.until(({ registers }) => line(registers, bank)))
        const limit = limitMicros === null ? Duration.infinity : Duration.micros(BigInt(limitMicros))
        return Effect.orDie(Effect.asVoid(Effect.timeoutOption(asks, limit)))
      },
      fileCreation: options.fileCreation ?? Either.right(0)
    })
  })

/** The engine as what the driver waits for. */
export const layer = (pf: PfActor, vf: VfActor, options: EngineOptions = {}): Layer.Layer<Hardware, never, Dma> =>
  Layer.scoped(Hardware, make(pf, vf, options))

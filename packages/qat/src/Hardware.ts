/**
 * What the variant driver waits for in the world: banks that drain, interrupts that come out, files that can be made. A
 * port, so that the emulated device, a test and one day real registers differ here only.
 */
import { Context, Effect, Either, Layer } from "effect"
import { poll } from "./Poll.ts"
import { drainPollMicros, drainTimeoutMillis } from "./Suspend.ts"

/** Registers of the PF that a suspend works with; banks are those of the PF, 0 to 63. */
export interface PfRegisters {
  /** Writes RPRESETCTL bit 2. */
  readonly startDrain: (pfBank: number) => Effect.Effect<void>
  /** RPRESETSTS bit 0. */
  readonly isDrained: (pfBank: number) => Effect.Effect<boolean>
  /** Writes 1 to RPRESETSTS bit 0, which clears it. */
  readonly finishDrain: (pfBank: number) => Effect.Effect<void>
  /** RPINTSOU is not 0. */
  readonly hasInterrupt: (pfBank: number) => Effect.Effect<boolean>
  readonly fileCreation: Effect.Effect<number>
}

/** How often RPINTSOU is read, in microseconds. */
const interruptPollMicros = 1_000

export class Hardware extends Context.Tag("@stopcopy/qat/Hardware")<
  Hardware,
  {
    /**
     * RPRESETCTL drain of a PF bank (0 to 63), then RPRESETSTS every 20 µs for at most 5 s. True when the bank has drained,
     * exactly at the limit too; false on timeout. Asking again for a drained bank is true at once; an `Either` says that nothing had to be waited for.
     */
    readonly drain: (pfBank: number) => Effect.Effect<boolean>
    /**
     * Writes 1 to RPRESETSTS of a PF bank: it runs again. A bank that runs already is left alone, so it may be asked twice.
     */
    readonly release: (pfBank: number) => Effect.Effect<void>
    /** Waits until RPINTSOU of a PF bank is not 0, at most `limitMicros` (null: for ever). */
    readonly interruptSource: (pfBank: number, limitMicros: number | null) => Effect.Effect<void>
    /** 0 if a migration file can be created now, else the errno that creating one would give, such as EMFILE. */
    readonly fileCreation: Effect.Effect<number>
  }
>() {
  /**
   * A device without requests in flight: every bank drains at once, a response ring that is not empty has its interrupt
   * pending already, and files are not limited.
   */
  static readonly layerIdle: Layer.Layer<Hardware> = Layer.succeed(Hardware, {
    drain: () => Either.right(true),
    release: () => Either.void,
    interruptSource: () => Effect.void,
    fileCreation: Either.right(0)
  })

  /** A device whose registers are polled, with the driver's periods and limits. */
  static readonly layerPolled = (registers: PfRegisters): Layer.Layer<Hardware> =>
    Layer.succeed(Hardware, {
      drain: (pfBank) =>
        Effect.zipRight(
          registers.startDrain(pfBank),
          poll(registers.isDrained(pfBank), drainPollMicros, drainTimeoutMillis * 1_000)
        ),
      release: registers.finishDrain,
      interruptSource: (pfBank, limitMicros) =>
        Effect.asVoid(poll(registers.hasInterrupt(pfBank), interruptPollMicros, limitMicros)),
      fileCreation: registers.fileCreation
    })
}

/**
 * Every command passes here before it is answered: an interceptor may fail, drop or delay it. Without one that is armed this is one comparison.
 *
 * G1 What came before a command that is intercepted is done and answered first; what comes behind one that is delayed waits.
 */
import { Effect } from "effect"
import { noReply, typeCommand, typeMask } from "../Header.ts"
import type { Commands, Flow } from "./Commands.ts"
import type { Verdict } from "./Interceptor.ts"
import type { Options } from "./Options.ts"

const none: ReadonlyArray<number> = []

export class Gate<E> {
  private readonly options: Options
  private readonly commands: Commands<E>
  private readonly flow: Flow<E>
  /** Descriptors of a message that is delayed. */
  private delayed: ReadonlyArray<number> = none

  constructor(options: Options, commands: Commands<E>, flow: Flow<E>) {
    this.options = options
    this.commands = commands
    this.flow = flow
  }

  /** Takes one message of `size` bytes at `at`. False: writes before it have to wait, and so has this one. */
  take(bytes: Uint8Array, view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>): boolean {
    const { interceptor } = this.options
    if (!interceptor.isArmed || (view.getUint32(at + 8, true) & typeMask) !== typeCommand) {
      return this.commands.take(bytes, view, at, size, descriptors)
    }
    if (!this.commands.finishWrites()) return false
    const verdict = interceptor.judge(view.getUint16(at + 2, true))
    if (verdict === undefined) return this.commands.take(bytes, view, at, size, descriptors)
    if (verdict._tag === "LoseAnswer") return this.unanswered(bytes.slice(at, at + size), descriptors)
    if (verdict._tag === "Delay") this.delay(verdict.millis, bytes.slice(at, at + size), descriptors)
    else this.end(verdict, view, at, descriptors)
    return true
  }

  /** Descriptors that nobody takes any more, because the connection has ended. */
  abandoned(): ReadonlyArray<number> {
    const { delayed } = this
    this.delayed = none
    return delayed
  }

  private delay(millis: number, message: Uint8Array<ArrayBuffer>, descriptors: ReadonlyArray<number>): void {
    this.delayed = descriptors
    this.commands.flush()
    this.flow.run(Effect.sleep(millis), () => {
      this.commands.take(message, new DataView(message.buffer), 0, message.byteLength, this.abandoned())
    })
  }

  /** The same command, as if its client wanted no answer. */
  private unanswered(message: Uint8Array<ArrayBuffer>, descriptors: ReadonlyArray<number>): boolean {
    const view = new DataView(message.buffer)
    view.setUint32(8, (view.getUint32(8, true) | noReply) >>> 0, true)
    return this.commands.take(message, view, 0, message.byteLength, descriptors)
  }

  private end(
    verdict: Extract<Verdict, { readonly _tag: "Fail" | "Drop" }>,
    view: DataView,
    at: number,
    descriptors: ReadonlyArray<number>
  ): void {
    for (const descriptor of descriptors) this.options.host.close(descriptor)
    if (verdict._tag === "Fail") this.commands.failUnseen(view, at, verdict.errno)
  }
}

/**
 * Two sides as small as the rules of epochs let them be: who holds, who runs, who has the guest's state. Performs actions as hosts would, so that random
 * orders of outcomes can be tried on the decider alone.
 */
import { Epochs } from "@stopcopy/agent"
import type { Action, Failure, MigrationCommand, Outcome, Side } from "@stopcopy/migration"
import { MigrationStates, type MigrationState } from "@stopcopy/vfio"
import { Either } from "effect"
import { describeHost } from "./descriptions.ts"

interface ModelSide {
  record: Epochs.EpochRecord
  state: MigrationState
  /** Whether the session of the state it is in is open: it ends with the process of the host. */
  session: boolean
  /** Whether the guest's state is there, whole. */
  guest: boolean
}

/** What becomes of one action: done, done without an answer, not done, refused for good. */
export type Luck = "done" | "lost" | "missed" | "refused"

type Refused = { readonly _tag: string; readonly message: string }
const refuse = (code: string): Either.Either<never, Refused> => Either.left({ _tag: code, message: code })

export class Model {
  readonly source: ModelSide = { record: Epochs.initial, state: "RUNNING", session: false, guest: true }
  readonly destination: ModelSide = { record: Epochs.initial, state: "RUNNING", session: false, guest: false }
  private now = 0

  get time(): number {
    return this.now
  }

  /** A side runs the guest; a destination that was never fenced runs without one. */
  runs(side: Side): boolean {
    const { record, state } = this[side]
    return record.standing === "held" && MigrationStates.isRunning(state) && (side === "source" || record.epoch > 0)
  }

  /** The process of a host ends and starts: what is durable stays, sessions do not. */
  restart(side: Side): void {
    this[side].session = false
  }

  /** The guest's VMM starts the source behind the coordinator's back, as far as its standing lets it. */
  stray(): void {
    if (this.source.record.standing === "held") Object.assign(this.source, { state: "RUNNING", session: false })
  }

  private walk(it: ModelSide, to: MigrationState): void {
    // Leaving RESUMING loads; without a session nothing was there to be loaded.
    if (it.state === "RESUMING" && to !== "RESUMING") it.guest = it.guest && it.session
    const { session } = MigrationStates.facts[to]
    it.session =
      session !== "none" && (it.state === to || session !== MigrationStates.facts[it.state].session || it.session)
    if (to === "RESUMING") it.guest = false
    it.state = to
  }

  private stop(it: ModelSide): void {
    if (MigrationStates.isRunning(it.state) || MigrationStates.isSaving(it.state)) this.walk(it, "STOP")
  }

  private change({ deed, targets: [target] }: Action): Either.Either<unknown, Refused> {
    if (!("side" in deed) || target === undefined) return Either.void
    const [it, { epoch, digest }] = [this[deed.side], target]
    const record = (next: Either.Either<Epochs.EpochRecord, Refused>) =>
      Either.map(next, (found) => {
        it.record = found
      })
    switch (deed._tag) {
      case "SetState":
        return Either.map(Epochs.judge("vf", it.record, epoch), () => this.walk(it, deed.to))
      case "Fence":
        return Either.map(record(Epochs.fence("vf", it.record, epoch)), () => this.stop(it))
      case "Reset":
        return Either.map(Epochs.judgeNumber("vf", it.record, epoch), () => {
          it.record = Epochs.afterReset(it.record)
          Object.assign(it, { guest: false, session: false, state: it.record.standing === "held" ? "RUNNING" : "STOP" })
        })
      case "Grant":
        return it.state === "STOP" ? record(Epochs.grant("vf", it.record, epoch, digest)) : refuse("EBUSY")
      case "Adopt":
        return record(Epochs.adopt("vf", it.record, epoch))
    }
  }

  private carry(until: "now" | "good"): Either.Either<void, Refused> {
    const { destination, source } = this
    if (!source.session || !destination.session || destination.state !== "RESUMING") return refuse("SessionLost")
    if (until === "good") destination.guest = source.guest
    return Either.void
  }

  private outcomeOf({ deed }: Action): Outcome {
    const side = (name: Side) => describeHost({ host: name, vfs: [{ ...this[name].record, state: this[name].state }] })
    switch (deed._tag) {
      case "Inspect":
        return { _tag: "Inspected", source: side("source"), destination: side("destination") }
      case "Judge":
        return { _tag: "Judged", source: side("source"), destination: side("destination"), bytes: 4096, history: [] }
      case "Transfer":
        return { _tag: "Moved", bytes: 4096, saveMicros: 1, transferMicros: 1 }
      case "Verify": {
        const difference = { device: "pf0/vf0", field: "bnk0.ring0.TAIL", source: "0x80", destination: "0x0" }
        return { _tag: "Compared", digests: ["same"], difference: this.destination.guest ? null : difference }
      }
      default:
        return { _tag: "Plain" }
    }
  }

  /** Performs an action, and says what the interpreter would tell of it. */
  perform(action: Action, luck: Luck): MigrationCommand {
    const { deed, step } = action
    const side: Side = "side" in deed ? deed.side : "source"
    const failed = (code: string): MigrationCommand => {
      const failure: Failure = { code, message: code, side, device: "pf0/vf0", refusal: null }
      return { _tag: "ReportFailed", step, failure }
    }
    if (luck === "missed") return failed("AgentUnreachable")
    if (luck === "refused") return failed("EINVAL")
    const done = deed._tag === "Transfer" ? this.carry(deed.until) : this.change(action)
    if (Either.isLeft(done)) return failed(done.left._tag)
    if (luck === "lost") return failed("AgentUnreachable")
    const began = ++this.now
    return { _tag: "ReportDone", step, began, ended: ++this.now, outcome: this.outcomeOf(action) }
  }
}

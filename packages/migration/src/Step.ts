/**
 * The steps of a migration as data: where each happens, what is called, under which epoch. A step is one call on every device of one side, so that the
 * whole group has taken it before any device takes the next. Each may be repeated. Source: `docs/architecture.md`, "The way of one migration".
 */
import type { MigrationState } from "@stopcopy/vfio"
import { Schema } from "effect"
import type { GroupEpochs } from "./GroupEpochs.ts"
import type { Side } from "./Order.ts"

/** What a migration is in. The last four are ends; `refused` says that nothing was touched. */
export const Phase = Schema.Literal(
  "queued",
  "preflight",
  "setup",
  "pre-copy",
  "pre-switchover",
  "switchover",
  "finishing",
  "cancelling",
  "recovering",
  "completed",
  "failed",
  "cancelled",
  "refused"
)
export type Phase = typeof Phase.Type

const ends: ReadonlySet<Phase> = new Set<Phase>(["completed", "failed", "cancelled", "refused"])

export const isEnd = (phase: Phase): boolean => ends.has(phase)

export const Step = Schema.Literal(
  ...(["inspect", "clear", "empty", "claim", "take", "receive", "precopy", "setup", "judge"] as const),
  ...(["drain", "stop", "transfer", "load", "verify", "vote", "commit"] as const),
  ...(["fence", "adopt", "wake", "run", "retire"] as const),
  ...(["halt", "settle", "resume", "withdraw", "free"] as const),
  ...(["revoke", "regrant", "retake", "rewake", "rerun", "discard"] as const)
)
export type Step = typeof Step.Type

/** An epoch of the group, or the one that the device had at the beginning. */
type EpochName = "own" | keyof GroupEpochs

/** What is called. */
export type Deed =
  | { readonly _tag: "Inspect" | "Judge" | "Verify" | "Commit" }
  | { readonly _tag: "Transfer"; readonly until: "now" | "good" }
  | { readonly _tag: "SetState"; readonly to: MigrationState; readonly side: Side; readonly epoch: EpochName }
  | { readonly _tag: "Fence" | "Reset" | "Grant" | "Adopt"; readonly side: Side; readonly epoch: EpochName }

interface StepFacts {
  /** The phase that the step belongs to; none for the ways back, which keep theirs. */
  readonly phase: Phase | null
  /** Its outcome is recorded *durably*. */
  readonly durable: boolean
  readonly deed: Deed
}

const plain = (phase: Phase | null, deed: Deed): StepFacts => ({ phase, durable: false, deed })
const durable = (phase: Phase | null, deed: Deed): StepFacts => ({ phase, durable: true, deed })
const go = (side: Side, to: MigrationState, epoch: EpochName): Deed => ({ _tag: "SetState", side, to, epoch })
const own = (_tag: "Fence" | "Reset" | "Grant" | "Adopt", side: Side, epoch: EpochName): Deed => ({ _tag, side, epoch })

export const facts: Readonly<Record<Step, StepFacts>> = {
  inspect: plain("preflight", { _tag: "Inspect" }),
  clear: plain("setup", own("Fence", "destination", "clear")),
  empty: plain("setup", own("Reset", "destination", "clear")),
  claim: plain("setup", own("Grant", "destination", "claim")),
  take: plain("setup", own("Adopt", "destination", "claim")),
  receive: plain("setup", go("destination", "RESUMING", "claim")),
  precopy: plain("pre-copy", go("source", "PRE_COPY", "own")),
  setup: plain("pre-copy", { _tag: "Transfer", until: "now" }),
  judge: plain("pre-switchover", { _tag: "Judge" }),
  drain: plain("switchover", go("source", "PRE_COPY_P2P", "own")),
  stop: plain("switchover", go("source", "STOP_COPY", "own")),
  transfer: plain("switchover", { _tag: "Transfer", until: "good" }),
  load: plain("switchover", go("destination", "STOP", "claim")),
  verify: plain("switchover", { _tag: "Verify" }),
  vote: plain("switchover", own("Grant", "destination", "vote")),
  commit: durable("switchover", { _tag: "Commit" }),
  fence: plain("finishing", own("Fence", "source", "vote")),
  adopt: plain("finishing", own("Adopt", "destination", "vote")),
  wake: plain("finishing", go("destination", "RUNNING_P2P", "vote")),
  run: durable("finishing", go("destination", "RUNNING", "vote")),
  retire: durable("finishing", own("Reset", "source", "vote")),
  halt: plain(null, go("source", "STOP", "own")),
  settle: plain(null, go("source", "RUNNING_P2P", "own")),
  resume: durable(null, go("source", "RUNNING", "own")),
  withdraw: plain(null, own("Fence", "destination", "vote")),
  free: durable(null, own("Reset", "destination", "vote")),
  revoke: plain(null, own("Fence", "destination", "again")),
  regrant: plain(null, own("Grant", "source", "again")),
  retake: plain(null, own("Adopt", "source", "again")),
  rewake: plain(null, go("source", "RUNNING_P2P", "again")),
  rerun: durable(null, go("source", "RUNNING", "again")),
  discard: durable(null, own("Reset", "destination", "again"))
}

/** The side on which a step changes something; none for those that look, carry or decide. */
export const sideOf = (step: Step): Side | undefined => {
  const { deed } = facts[step]
  return "side" in deed ? deed.side : undefined
}

/** At least one step, in order. */
type Steps = readonly [Step, ...Array<Step>]

/** The way there. `commit` is where it cannot be left any more. */
export const forward: Steps = [
  "inspect",
  ...(["clear", "empty", "claim", "take", "receive", "precopy", "setup", "judge"] as const),
  ...(["drain", "stop", "transfer", "load", "verify", "vote", "commit"] as const),
  ...(["fence", "adopt", "wake", "run", "retire"] as const)
]

/** Whether a step may have begun when `at` is the next one to be reported done. */
const begun = (step: Step, at: Step): boolean => forward.indexOf(at) >= forward.indexOf(step)

/**
 * The way back before the commit, by the step that is under way. Both sides go it independently: the destination cannot run, since only a commit
 * leads to its adoption, and the commit will not be decided any more. A device that may stand still waits for the others in RUNNING_P2P.
 */
export const back = (at: Step): { readonly source: ReadonlyArray<Step>; readonly destination: ReadonlyArray<Step> } => {
  const destination: ReadonlyArray<Step> = begun("clear", at) ? ["withdraw", "free"] : []
  if (begun("stop", at)) return { source: ["halt", "settle", "resume"], destination }
  if (begun("drain", at)) return { source: ["settle", "resume"], destination }
  return { source: begun("precopy", at) ? ["resume"] : [], destination }
}

/** The way back behind the commit, which only an operator may order: the destination is fenced first, or said to be off. */
export const reclaim: Steps = ["revoke", "fence", "regrant", "retake", "rewake", "rerun", "discard"]

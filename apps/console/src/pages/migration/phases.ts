/** The way of one migration as a line of phases: which are done, which one is now, how long each took. Pure. Source: `facts` of `@stopcopy/migration`. */
import { ends, type Migration, type Phase } from "@stopcopy/coordinator-api"

export interface PhaseMark {
  readonly phase: Phase
  readonly state: "done" | "now" | "later" | "skipped"
  /** Milliseconds; undefined where nothing is known of it. */
  readonly took: number | undefined
}

const forward = ["queued", "preflight", "setup", "pre-copy", "pre-switchover", "switchover", "finishing"] as const

const phaseOfStep: Readonly<Record<string, Phase>> = {
  inspect: "preflight",
  clear: "setup",
  empty: "setup",
  claim: "setup",
  take: "setup",
  receive: "setup",
  precopy: "pre-copy",
  setup: "pre-copy",
  judge: "pre-switchover",
  drain: "switchover",
  stop: "switchover",
  transfer: "switchover",
  load: "switchover",
  verify: "switchover",
  vote: "switchover",
  commit: "switchover",
  fence: "finishing",
  adopt: "finishing",
  wake: "finishing",
  run: "finishing",
  retire: "finishing"
}

type Known = Pick<Migration, "cause" | "phase" | "queuedAt" | "steps">

/** From the end of the last step of another phase to that of the last step of this one: what is between steps counts too. */
const tookOf = ({ queuedAt, steps }: Known, phase: Phase): number | undefined => {
  if (phase === "queued") {
    const [first] = steps
    return first === undefined ? undefined : first.beganAt - queuedAt
  }
  const own = steps.filter(({ step }) => phaseOfStep[step] === phase)
  const [first, last] = [own[0], own.at(-1)]
  return first === undefined || last === undefined ? undefined : last.endedAt - first.beganAt
}

/** The last phase that a step was done in. */
const reachedBy = ({ steps }: Known): Phase => {
  const phases = steps.flatMap(({ step }) => phaseOfStep[step] ?? [])
  return phases.at(-1) ?? "queued"
}

/** Phases of the way there, then where it went instead, then the end. */
export const phaseMarks = (migration: Known): ReadonlyArray<PhaseMark> => {
  const { cause, phase } = migration
  const isBack = cause !== null || phase === "cancelling" || phase === "recovering"
  const isOver = ends.includes(phase)
  const left = isBack || isOver ? reachedBy(migration) : phase
  const at = forward.findIndex((one) => one === left)
  const marks = forward.map((one, index): PhaseMark => {
    const took = tookOf(migration, one)
    if (isOver && phase === "completed") return { phase: one, state: "done", took }
    if (isBack || isOver) return { phase: one, state: index <= at ? "done" : "skipped", took }
    return { phase: one, state: index < at ? "done" : index === at ? "now" : "later", took }
  })
  if (!isOver && !isBack) return [...marks, { phase: "completed", state: "later", took: undefined }]
  return [...marks, { phase, state: isOver ? "done" : "now", took: undefined }]
}

/** How long the guest may stand still on the way to the commit: the limit of the order, from the moment at which the source was told to drain. */
import { type Migration, mainStep } from "./MigrationState.ts"
import { facts } from "./Step.ts"

/** Microseconds since 1970. */
interface Standstill {
  readonly since: number
  /** From here on the guest runs again at the source. */
  readonly until: number
}

/** Undefined where the guest runs, and behind the commit: then it runs soonest at the destination. */
export const standstill = (state: Migration): Standstill | undefined => {
  const step = mainStep(state)
  const since = state.work.find((done) => done.step === "judge")?.ended
  if (step === undefined || since === undefined || facts[step].phase !== "switchover") return undefined
  return { since, until: since + (state.order?.limits.downtimeMillis ?? 0) * 1000 }
}

/**
 * A dozen events at which a coordinator or an emulator is killed while it migrates a guest's VF, as processes over journals in files: the next life and the others
 * come to one verdict, one side runs, and every request of the guest is answered once. All events: `pnpm soak`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Course, type Ended, type Killing, runCase } from "./Case.ts"
import { type Process, siteOf } from "./Site.ts"

interface Named extends Course {
  readonly name: string
  readonly killing: Killing
  /** Where that is decided. A host that dies before the commit may be back in time, or not. */
  readonly ends?: "completed" | "failed" | "cancelled"
}

const itself = (at: Process, event: string, when: Killing["when"], nth = 1): Killing => {
  const who = at
  return { at, event, nth, when, who }
}

const named: ReadonlyArray<Named> = [
  {
    name: "the coordinator, when the migration was given out",
    killing: itself("coordinator", "MigrationStarted", "after"),
    ends: "completed"
  },
  {
    name: "the coordinator, about to commit",
    killing: itself("coordinator", "Committed", "before"),
    ends: "completed"
  },
  {
    name: "the coordinator, having committed",
    killing: itself("coordinator", "Committed", "after"),
    ends: "completed"
  },
  {
    name: "the coordinator, when the destination runs and it has not heard",
    killing: itself("coordinator", "StepDone run", "before"),
    ends: "completed"
  },
  {
    name: "the coordinator, turning back",
    killing: itself("coordinator", "TurnedBack", "after"),
    cancelledBehind: "StepDone drain",
    ends: "cancelled"
  },
  {
    name: "the source, having saved the guest's state",
    killing: itself("source", "StateSaved", "after"),
    ends: "failed"
  },
  {
    name: "the source, having given its epoch away",
    killing: itself("source", "EpochRecorded fenced", "after"),
    ends: "completed"
  },
  {
    name: "the source, while the destination takes the guest's epoch",
    killing: { at: "destination", event: "EpochRecorded held", nth: 2, when: "after", who: "source" },
    ends: "completed"
  },
  { name: "the destination, with half of the state", killing: itself("destination", "FileWritten", "after", 2) },
  {
    name: "the destination, about to take the guest's epoch",
    killing: itself("destination", "EpochRecorded held", "before", 2),
    ends: "completed"
  },
  {
    name: "the destination, when it runs",
    killing: itself("destination", "InterruptsDerived", "after"),
    ends: "completed"
  },
  {
    name: "the destination, whose claim is withdrawn",
    killing: itself("destination", "EpochRecorded fenced", "after", 2),
    cancelledBehind: "StepDone drain",
    ends: "cancelled"
  }
]

/** How long one case, and the books of all, may take where everything else runs too. */
const caseMillis = 120_000

describe("killed by SIGKILL in the middle of a migration:", () => {
  const site = siteOf(named.length)
  const ended: Array<Ended> = []

  for (const [number, { ends, name, ...course }] of named.entries()) {
    it.live(
      name,
      () =>
        Effect.gen(function* () {
          const one = yield* runCase(site(), number, course)
          ended.push(one)
          assert.isTrue(one.isMet, "it was killed")
          const { outcome, reason } = one.ended.verdict ?? { outcome: "none", reason: "" }
          assert.include(ends === undefined ? ["completed", "failed"] : [ends], outcome, reason)
        }),
      caseMillis
    )
  }

  it.live("never two sides ran, and every request was answered once", () => site().audit(ended), caseMillis)
})

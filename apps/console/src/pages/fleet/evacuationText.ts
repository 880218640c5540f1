/** An evacuation in words. Pure. */
import type { Evacuation } from "@stopcopy/coordinator-api"
import { millisText } from "../../text/units.ts"

/** Groups of the plan that have their verdict. */
export const doneOf = ({ cancelled, completed, failed, turnedDown }: Evacuation): number =>
  completed + failed + cancelled + turnedDown

/** `3 completed, 1 failed`; what is none is left out. */
export const tallyText = ({ cancelled, completed, failed, refused, turnedDown, willStop }: Evacuation): string =>
  [
    [completed, "completed"],
    [failed, "failed"],
    [cancelled, "cancelled"],
    [turnedDown, "refused when they were to start"],
    [refused, "can move nowhere"],
    [willStop, "will stop"]
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(", ")

/** How long it will take, as far as anybody knows. */
export const leftText = ({ left }: Evacuation): string =>
  left === null
    ? "time left is not known: nothing was measured yet"
    : `about ${millisText(Math.round(left.p50Millis))} left, at most ${millisText(Math.round(left.p99Millis))} in 99 of 100 cases`

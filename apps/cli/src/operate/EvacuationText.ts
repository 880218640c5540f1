/** An evacuation in words: its plan, how far it is, how it ended. */
import type { Evacuation, EvacuationPlan } from "@stopcopy/coordinator-api"
import { columns, plural } from "../Columns.ts"
import { blockersLines } from "./Blockers.ts"
import { placeText } from "./Names.ts"
import { millisText, timeText } from "./Units.ts"

type Staying = EvacuationPlan["refused"][number]

const stayingLines = (title: string, groups: ReadonlyArray<Staying>): ReadonlyArray<string> =>
  groups.length === 0
    ? []
    : [
        `${title}: ${groups.length}`,
        ...groups.flatMap(({ blockers, group }) => [
          `  ${group}`,
          ...blockersLines(blockers).map((line) => `  ${line}`)
        ])
      ]

/** Names that a line has room for. */
const namesAtMost = 8

const namesText = (names: ReadonlyArray<string>): string => {
  const more = names.length - namesAtMost
  return `${names.slice(0, namesAtMost).join(", ")}${more > 0 ? ` and ${more} more` : ""}`
}

/** What moves where, what fits nowhere and why, what will stop. */
export const planLines = (plan: EvacuationPlan): ReadonlyArray<string> => {
  const { arriving, idle, leaving, moves, refused, willStop } = plan
  return [
    `${placeText(plan)}: ${plural(moves.length, "group")} would move, ${refused.length} refused, ${willStop.length} will stop`,
    ...columns(
      moves.map(({ group, moves: vfs, to }) => [
        `  ${group}`,
        "->",
        to,
        vfs.map(({ destination }) => destination).join(", ")
      ])
    ),
    ...stayingLines("refused, they fit nowhere", refused),
    ...stayingLines("will stop, nothing that they fit is free now", willStop),
    ...(idle.length === 0 ? [] : [`idle, nothing to move: ${namesText(idle)}`]),
    ...(leaving.length === 0 ? [] : [`leaving already: ${leaving.join(", ")}`]),
    ...(arriving.length === 0 ? [] : [`arriving, or waiting for the end of the cordon: ${arriving.join(", ")}`])
  ]
}

/** Whether everything would be gone. */
export const empties = ({ refused, willStop }: EvacuationPlan): boolean => refused.length + willStop.length === 0

/** Whether it has ended. */
export const hasEnded = ({ state }: Evacuation): boolean => state === "finished" || state === "cancelled"

const countsText = ({ cancelled, completed, failed, moves, turnedDown }: Evacuation): string =>
  [
    `${completed} of ${moves} moved`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(turnedDown === 0 ? [] : [`${turnedDown} refused`]),
    ...(cancelled === 0 ? [] : [`${cancelled} cancelled`])
  ].join(", ")

const leftText = ({ left }: Evacuation): string =>
  left === null ? "" : `; ${millisText(left.p50Millis)} left, ${millisText(left.p99Millis)} at worst`

/** How far it is. */
export const progressText = (evacuation: Evacuation, now: number): string => {
  const { startedAt, state } = evacuation
  const cancelling = state === "cancelling" ? "cancelling, " : ""
  return `${millisText(Math.max(0, now - startedAt)).padStart(9)}  ${cancelling}${countsText(evacuation)}${leftText(evacuation)}`
}

/** How it ended. */
export const endText = (evacuation: Evacuation): string => {
  const { endedAt, idle, refused, startedAt, state, willStop } = evacuation
  const after = endedAt === null ? "" : ` after ${millisText(endedAt - startedAt)}`
  const stay = refused + willStop === 0 ? "" : `; ${refused + willStop} left on ${placeText(evacuation)}`
  const nothing = idle === 0 ? "" : `; ${plural(idle, "idle VF")} had nothing to move`
  return `${state}${after}: ${countsText(evacuation)}${stay}${nothing}`
}

/** Everything. */
export const evacuationLines = (evacuation: Evacuation, now: number): ReadonlyArray<string> => {
  const { id, refused, startedAt, staying, state, willStop } = evacuation
  return [
    `${id}: evacuation of ${placeText(evacuation)}, ${state}`,
    `  started    ${timeText(startedAt)}`,
    `  refused    ${refused}`,
    `  will stop  ${willStop}`,
    hasEnded(evacuation) ? endText(evacuation) : progressText(evacuation, now).trimStart(),
    ...stayingLines("some of those that stay", staying)
  ]
}

/** A list. */
export const evacuationTable = (evacuations: ReadonlyArray<Evacuation>): ReadonlyArray<string> =>
  columns(
    [
      ["evacuation", "of", "state", "moved", "started"],
      ...evacuations.map((evacuation) => [
        evacuation.id,
        placeText(evacuation),
        evacuation.state,
        `${evacuation.completed}/${evacuation.moves}`,
        timeText(evacuation.startedAt)
      ])
    ],
    ["left", "left", "left", "right"]
  )

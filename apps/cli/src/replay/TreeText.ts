/** What led to what, as lines of text with branches, or as JSON. */
import type { Moment, TreeNode } from "@stopcopy/debugger"
import { batchFields, batchText } from "./BatchText.ts"
import { summaryOf } from "./Summary.ts"
import { clockText, momentFields } from "./TimelineText.ts"

/** Lines in front of which branches are drawn: the first one on the branch, the others below it. */
interface Branch {
  readonly line: string
  readonly below: ReadonlyArray<Branch>
}

/** Lines with their branches. */
export const branchLines = ({ below, line }: Branch, indent = ""): ReadonlyArray<string> => [
  line,
  ...below.flatMap((branch, index) => {
    const last = index === below.length - 1
    const [own, ...rest] = branchLines(branch, `${indent}${last ? "   " : "│  "}`)
    return [`${indent}${last ? "└─ " : "├─ "}${own}`, ...rest]
  })
]

/** An event in a tree: its place is that of its batch. */
export const eventText = (moment: Moment): string => {
  const { sequence, stream, type } = moment.envelope
  return `${sequence}  ${stream}  ${type}  ${summaryOf(moment)}`.trimEnd()
}

const nodeBranch = ({ batch, events, matches }: TreeNode, several: boolean): Branch => ({
  line: `${batchText(batch, several)}${matches ? "" : "  (leads to what was asked for)"}`,
  below: events.map(({ children, moment }) => ({
    line: eventText(moment),
    below: children.map((child) => nodeBranch(child, several))
  }))
})

/** A batch of one event as a line. */
const loneText = (moment: Moment, several: boolean): string => {
  const { sequence, stream, time, type } = moment.envelope
  const place = several ? `${moment.source.label} ${sequence}` : `${sequence}`
  return `${place}  ${clockText(time)}  ${stream}  ${type}  ${summaryOf(moment)}`.trimEnd()
}

/** An access that nobody asked for with a command of its own, and that led to nothing. */
const loneEvent = ({ batch, events, matches }: TreeNode): Moment | undefined => {
  const [only] = events
  const alone = matches && batch.command === null && events.length === 1 && only?.children.length === 0
  return alone ? only?.moment : undefined
}

/** Lines for a tree. One event without a command is its entry and its command: it takes one line. */
export const nodeLines = (node: TreeNode, several: boolean): ReadonlyArray<string> => {
  const lone = loneEvent(node)
  return lone === undefined ? branchLines(nodeBranch(node, several)) : [loneText(lone, several)]
}

/** A tree as a JSON value. */
export const nodeFields = ({ batch, events, matches }: TreeNode): object => ({
  ...batchFields(batch),
  matches,
  events: events.map(({ children, moment }) => ({ ...momentFields(moment), leadsTo: children.map(nodeFields) }))
})

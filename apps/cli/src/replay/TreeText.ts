/** What led to what, as lines of text with branches, or as JSON. */
import type { Moment, TreeNode } from "@stopcopy/debugger"
import { batchFields, batchText } from "./BatchText.ts"
import { summaryOf } from "./Summary.ts"
import { momentFields } from "./TimelineText.ts"

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

/** Lines for a tree. */
export const nodeLines = (node: TreeNode, several: boolean): ReadonlyArray<string> =>
  branchLines(nodeBranch(node, several))

/** A tree as a JSON value. */
export const nodeFields = ({ batch, events, matches }: TreeNode): object => ({
  ...batchFields(batch),
  matches,
  events: events.map(({ children, moment }) => ({ ...momentFields(moment), leadsTo: children.map(nodeFields) }))
})

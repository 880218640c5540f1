/** A block's tree as text: offset and size, the names as a tree, values, and what they mean. */
import type { Refusal } from "@stopcopy/errno"
import type { TreeNode } from "@stopcopy/qat"
import { columns } from "../Columns.ts"

type Row = readonly [offset: string, size: string, name: string, value: string, note: string]

const rowsOf = (node: TreeNode, own: string, below: string): ReadonlyArray<Row> => {
  const { children, name, note = "", offset, size, value = "" } = node
  const last = children.length - 1
  return [
    [`${offset}`, `${size}`, `${own}${name}`, value, note],
    ...children.flatMap((child, index) =>
      rowsOf(child, `${below}${index === last ? "└─ " : "├─ "}`, `${below}${index === last ? "   " : "│  "}`)
    )
  ]
}

const header: Row = ["offset", "size", "field", "value", "meaning"]

/** The tree as aligned lines. Offsets and sizes in bytes. */
export const treeText = (tree: ReadonlyArray<TreeNode>): ReadonlyArray<string> =>
  columns([header, ...tree.flatMap((node) => rowsOf(node, "", ""))], ["right", "right"])

/** The bad place in one line: where, which rule, both values. */
export const problemText = ({ code, destination, remedy, rule, source, where }: Refusal): string =>
  `${where}: ${rule} (found ${source}, wanted ${destination}); ${remedy} [${code}]`

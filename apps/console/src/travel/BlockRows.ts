/** A migration block as the lines of its tree and as lines of bytes, and which of one belong to the other. Pure. */
import { Layout, Tree, type TreeNode } from "@stopcopy/qat"
import { Predicate } from "effect"

/** Bytes from `offset` on. */
export interface Range {
  readonly offset: number
  readonly size: number
}

export interface BlockRow extends Range {
  /** Names from the outside in: `state part/ETRBAR/bnk0`. */
  readonly path: string
  readonly name: string
  readonly depth: number
  readonly value: string
  readonly note: string
  /** Undefined: nothing is below it. */
  readonly isOpen: boolean | undefined
}

/** Bytes in one line. */
export const lineBytes = 16

/** The block in a decoded state of a VF; undefined if it is no VF's. */
export const blockIn = (state: unknown): Uint8Array | undefined => {
  const block = Predicate.isRecord(state) ? state["block"] : undefined
  return block instanceof Uint8Array && block.length === Layout.blockBytes ? block : undefined
}

const trees = new WeakMap<Uint8Array, Tree.Tree>()

/** The tree of a block, read once. */
export const treeOf = (block: Uint8Array): Tree.Tree => {
  const known = trees.get(block) ?? Tree.read(block)
  trees.set(block, known)
  return known
}

/** Whether there is anything in it yet. */
export const isBlank = (block: Uint8Array): boolean => block.every((byte) => byte === 0)

const rowsBelow = (
  nodes: ReadonlyArray<TreeNode>,
  above: string,
  depth: number,
  closed: ReadonlySet<string>
): ReadonlyArray<BlockRow> =>
  nodes.flatMap((node): ReadonlyArray<BlockRow> => {
    const { children, name, note = "", offset, size, value = "" } = node
    const path = above === "" ? name : `${above}/${name}`
    const isOpen = children.length === 0 ? undefined : !closed.has(path)
    const row = { path, name, depth, offset, size, value, note, isOpen }
    return isOpen === true ? [row, ...rowsBelow(children, path, depth + 1, closed)] : [row]
  })

/** The lines that are to be seen. `closed` are paths. */
export const blockRows = (block: Uint8Array, closed: ReadonlySet<string>): ReadonlyArray<BlockRow> =>
  rowsBelow(treeOf(block).tree, "", 0, closed)

const holds = ({ offset, size }: Range, byte: number): boolean => byte >= offset && byte < offset + size

/** The smallest line that a byte belongs to, the outermost of those that are as small; undefined if it belongs to none. */
export const rowAt = (rows: ReadonlyArray<BlockRow>, byte: number): BlockRow | undefined => {
  let found: BlockRow | undefined
  for (const row of rows) if (holds(row, byte) && (found === undefined || row.size < found.size)) found = row
  return found
}

/** The bytes that are lit, and the line of the tree that they are of. */
export interface Lit extends Range {
  /** Undefined: of none. */
  readonly path: string | undefined
  /** Where it was pointed at: the other side brings it in sight. */
  readonly from: "tree" | "bytes"
}

export const litRow = ({ offset, path, size }: BlockRow): Lit => ({ offset, size, path, from: "tree" })

export const litByte = (rows: ReadonlyArray<BlockRow>, byte: number): Lit => {
  const { offset, path, size } = rowAt(rows, byte) ?? { offset: byte, size: 1, path: undefined }
  return { offset, size, path, from: "bytes" }
}

export const isWithin = (range: Range | undefined, byte: number): boolean => range !== undefined && holds(range, byte)

/** Two hexadecimal digits. */
export const byteText = (byte: number): string => byte.toString(16).padStart(2, "0")

/** The letter of a byte, or a dot where it is none. */
export const letterOf = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")

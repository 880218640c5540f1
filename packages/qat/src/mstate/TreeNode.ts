/** One line of a block's readable tree, and the small constructors that the readers of its parts share. */
import { hex } from "../Refusals.ts"

/** A part of the block. `offset` and `size` in bytes; those of a section include its 16-byte header. */
export interface Node {
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly value?: string
  /** What the value means, in words. */
  readonly note?: string
  readonly children: ReadonlyArray<Node>
}

/** A node; an empty `note` is no note. */
export const node = (name: string, offset: number, size: number, value: string, note = ""): Node => ({
  name,
  offset,
  size,
  value,
  ...(note === "" ? {} : { note }),
  children: []
})

/** A node with parts below it. */
export const branch = (name: string, offset: number, size: number, children: ReadonlyArray<Node>, note = ""): Node => ({
  name,
  offset,
  size,
  ...(note === "" ? {} : { note }),
  children
})

/** Bytes of a raw part that are shown. */
const rawBytes = 16

/** A part that nobody interprets: its first bytes. `size` bytes at `offset` must be inside `view`. */
export const raw = (view: DataView, name: string, offset: number, size: number, note = ""): Node => {
  const shown = Array.from({ length: Math.min(size, rawBytes) }, (_, index) =>
    view
      .getUint8(offset + index)
      .toString(16)
      .padStart(2, "0")
  )
  return node(name, offset, size, `${shown.join(" ")}${size > rawBytes ? " ..." : ""}`, note)
}

/** Bytes that a save leaves alone: says whether they are zero, and if not, where the first is. */
export const unused = (view: DataView, name: string, offset: number, size: number): Node => {
  let [count, first] = [0, 0]
  for (let at = offset; at < offset + size; at++) {
    if (view.getUint8(at) === 0) continue
    if (count === 0) first = at
    count += 1
  }
  if (count === 0) return branch(name, offset, size, [], "all zero")
  return branch(name, offset, size, [], `${count} bytes are not zero, the first at offset ${first}`)
}

/** A 32-bit field at `offset`, little endian, in hexadecimal. */
export const word = (view: DataView, name: string, offset: number, note: (value: number) => string): Node => {
  const value = view.getUint32(offset, true)
  return node(name, offset, 4, hex(value), note(value))
}

/**
 * A migration block as a readable tree: every preamble, section and leaf with its offset, its value and what that means.
 * For people and tools; a load is `Load.ts`. Tolerant: any bytes at all give a tree. It goes as far as the block is sound
 * and stops at the first place that a load would refuse too, whatever the destination. What a load skips (unknown and
 * repeated sections) is shown raw. Source: `qat_common/adf_mstate_mgr.c`, `adf_gen4_vf_mig.c`.
 *
 * T1 Never throws and never reads outside the bytes; at most 4096 of them are looked at.
 * T2 Work is bounded by the bytes: a count is never trusted, each section takes 16 bytes at least.
 */
import type { Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import { miscRegisters } from "../Registers.ts"
import { wrongSize } from "./Decode.ts"
import { bankRecordUsedBytes, blockBytes, headerBytes, headerField, preambleBytes, preambleField } from "./Layout.ts"
import { setupTooLarge, stateMissing, tooShort } from "./Parts.ts"
import * as Leaf from "./TreeLeaf.ts"
import { branch, node, type Node, raw, unused, word } from "./TreeNode.ts"
import {
  announcedBytes,
  hasPreamble,
  inside,
  lookup,
  openWindow,
  readId,
  type Section,
  validate,
  type Window
} from "./Window.ts"

/** The tree as far as it could be read, and the first thing that is wrong. */
export interface Tree {
  readonly tree: ReadonlyArray<Node>
  readonly problem: Refusal | undefined
}

/** What is known of a section: its sections, or what its data say and the sizes that a load takes. */
type Known =
  | { readonly id: string; readonly sections: ReadonlyArray<Known> }
  | {
      readonly id: string
      readonly text: (section: Section) => Leaf.LeafText
      readonly least: number
      readonly most: number
      /** False: a load never looks at it. */
      readonly needed: boolean
    }

const unlimited = Number.MAX_SAFE_INTEGER
const leaf = (id: string, text: (section: Section) => Leaf.LeafText, least: number, most = least): Known => ({
  id,
  text,
  least,
  most,
  needed: true
})

/** A capability leaf may have up to 8 bytes. */
const maskBytes = 8

const setupSections: ReadonlyArray<Known> = [
  {
    id: "CONFIG",
    sections: [
      leaf("gencap", Leaf.gencap, 0, maskBytes),
      leaf("svcmap", Leaf.svcmap, 0, maskBytes),
      leaf("extdc", Leaf.extdc, 0, maskBytes)
    ]
  }
]

const stateSections: ReadonlyArray<Known> = [
  {
    id: "GENER",
    sections: [leaf("iovinit", Leaf.iovinit, 1), leaf("compver", Leaf.compver, 1), leaf("sla", Leaf.sla, 0, unlimited)]
  },
  {
    id: "MISCBAR",
    sections: miscRegisters.map(({ leaf: id, migrated, name }) =>
      migrated === "restored"
        ? leaf(id, Leaf.misc(name), 4)
        : { id, text: Leaf.misc(name), least: 0, most: unlimited, needed: false }
    )
  },
  {
    id: "ETRBAR",
    sections: [0, 1, 2, 3].map((index) => ({
      id: `bnk${index}`,
      sections: [leaf("mregs", Leaf.bank, bankRecordUsedBytes, unlimited)]
    }))
  }
]

/** What one reading finds out on its way: the first problem ends it. */
interface Reading {
  problem: Refusal | undefined
}

const sizeProblem = (section: Section, id: string, least: number, most: number): Refusal | undefined => {
  if (section.size >= least && section.size <= most) return undefined
  const wanted = least === most ? `${least} bytes` : least === 0 ? `at most ${most} bytes` : `at least ${least} bytes`
  return wrongSize({ ...section, path: `${section.path} at offset ${section.body - headerBytes}` }, id, wanted)
}

const pathOf = (window: Window, id: string): string =>
  window.path === "setup" || window.path === "state" ? id : `${window.path}/${id}`

const countNote = (count: number): string => `${count} section${count === 1 ? "" : "s"}`

/** A section of the format. Its sub sections must lie inside it, even where it should have none. */
const knownNode = (reading: Reading, known: Known, section: Section): Node => {
  const [at, size] = [section.body - headerBytes, headerBytes + section.size]
  if ("sections" in known) {
    const children = sectionNodes(reading, inside(section), known.sections)
    return branch(known.id, at, size, children, countNote(section.subSections))
  }
  reading.problem =
    (section.subSections === 0 ? undefined : validate(inside(section))) ??
    sizeProblem(section, known.id, known.least, known.most)
  if (reading.problem !== undefined) {
    return { ...raw(section.view, known.id, section.body, section.size), offset: at, size }
  }
  return { name: known.id, offset: at, size, ...known.text(section) }
}

/** A section that does not end inside its part: what there is of it. The caller has the problem already. */
const brokenNode = (window: Window, known: ReadonlyArray<Known>, at: number): ReadonlyArray<Node> => {
  const { end, view } = window
  if (at + headerBytes > end) return at < end ? [raw(view, "header", at, end - at, "cut off")] : []
  const [id, body] = [readId(view, at), at + headerBytes]
  const note = `announces ${view.getUint32(at + headerField.size, true)} bytes, ${end - body} are left`
  const found = known.find((each) => each.id === id)
  if (found === undefined || !("sections" in found))
    return [{ ...raw(view, id, body, end - body, note), offset: at, size: end - at }]
  const count = view.getUint32(at + headerField.subSections, true)
  const inner = { view, path: pathOf(window, id), first: body, end, count }
  return [branch(id, at, end - at, sectionNodes({ problem: undefined }, inner, found.sections), note)]
}

const missing = (window: Window, known: ReadonlyArray<Known>, seen: ReadonlySet<string>): Refusal | undefined => {
  const absent = known.find((each) => !seen.has(each.id) && ("sections" in each || each.needed))
  if (absent === undefined) return undefined
  const found = lookup(window, absent.id)
  if (Either.isRight(found)) return undefined
  return { ...found.left, where: `${found.left.where}, sections from offset ${window.first} to ${window.end}` }
}

/** The sections of a window in their order, up to the first problem. */
const sectionNodes = (reading: Reading, window: Window, known: ReadonlyArray<Known>): ReadonlyArray<Node> => {
  const { view, end } = window
  const nodes: Array<Node> = []
  const seen = new Set<string>()
  let at = window.first
  for (let index = 0; index < window.count && reading.problem === undefined; index++) {
    const size = at + headerBytes > end ? unlimited : view.getUint32(at + headerField.size, true)
    if (at + headerBytes + size > end) {
      reading.problem = validate(window)
      return [...nodes, ...brokenNode(window, known, at)]
    }
    const id = readId(view, at)
    const subSections = view.getUint32(at + headerField.subSections, true)
    const section = { view, path: pathOf(window, id), body: at + headerBytes, size, subSections }
    const found = seen.has(id) ? undefined : known.find((each) => each.id === id)
    if (found === undefined) {
      const why = seen.has(id) ? "repeated" : "unknown"
      nodes.push(raw(view, id, at, headerBytes + size, `${why} section, skipped by a load`))
    } else nodes.push(knownNode(reading, found, section))
    seen.add(id)
    at += headerBytes + size
  }
  reading.problem ??= missing(window, known, seen)
  return nodes
}

/** Where the last section of a valid window ends, in bytes. */
const endOf = (window: Window): number => {
  let at = window.first
  for (let index = 0; index < window.count; index++) {
    at += headerBytes + window.view.getUint32(at + headerField.size, true)
  }
  return at
}

/** Fields of a preamble that are shown when one of them is bad: that one is the last. */
const shownFields: Readonly<Record<string, number>> = { magic: 1, version: 2, length: 3 }

const preambleNode = (view: DataView, at: number, bad: Refusal | undefined): Node => {
  const u16 = (name: string, offset: number, note: string) =>
    node(name, at + offset, 2, `${view.getUint16(at + offset, true)}`, note)
  const u32 = (name: string, offset: number, note: string) =>
    node(name, at + offset, 4, `${view.getUint32(at + offset, true)}`, note)
  const fields = [
    word(view, "magic", at + preambleField.magic, () => ""),
    u32("version", preambleField.version, ""),
    u16("header length", preambleField.headerLength, "bytes to the first section"),
    u16("sections", preambleField.sectionCount, ""),
    u32("size", preambleField.size, "bytes behind the preamble")
  ]
  const shown = shownFields[bad?.code.split(".").at(-1) ?? ""] ?? fields.length
  return branch("preamble", at, preambleBytes, fields.slice(0, shown))
}

/** One part: preamble, sections, and what is left of it. `size`: the bytes it may take. */
const partNode = (
  reading: Reading,
  view: DataView,
  path: "setup" | "state",
  at: number,
  size: number
): { readonly node: Node; readonly end: number } => {
  const opened = openWindow(view, path, at, size)
  const bad = Either.isLeft(opened) && !opened.left.code.startsWith("mstate.section") ? opened.left : undefined
  const preamble = preambleNode(view, at, bad)
  const name = `${path} part`
  if (bad !== undefined) {
    reading.problem = bad
    return { node: branch(name, at, preambleBytes, [preamble]), end: at + preambleBytes }
  }
  const window = {
    view,
    path,
    first: at + view.getUint16(at + preambleField.headerLength, true),
    end: at + size,
    count: view.getUint16(at + preambleField.sectionCount, true)
  }
  const sections = sectionNodes(reading, window, path === "setup" ? setupSections : stateSections)
  const last = sections.at(-1) ?? preamble
  const end = Either.isRight(opened) ? Math.max(endOf(window), at + preambleBytes) : last.offset + last.size
  return { node: branch(name, at, end - at, [preamble, ...sections]), end }
}

/** Bytes between two parts or behind the last one; none when there are none. */
const gap = (view: DataView, name: string, from: number, to: number): ReadonlyArray<Node> =>
  to > from ? [unused(view, name, from, to - from)] : []

/** The tree of the first 4096 bytes of `bytes`. Total. */
export const read = (bytes: Uint8Array): Tree => {
  const length = Math.min(bytes.byteLength, blockBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  if (!hasPreamble(0, length)) {
    const tree = length === 0 ? [] : [raw(view, "setup part", 0, length, "not a whole preamble")]
    return { tree, problem: tooShort(length, preambleBytes, "setup preamble") }
  }
  const reading: Reading = { problem: undefined }
  const announced = announcedBytes(view, 0)
  const setup = partNode(reading, view, "setup", 0, Math.min(announced, length))
  if (announced > blockBytes) reading.problem ??= setupTooLarge(announced)
  if (announced > length) reading.problem ??= tooShort(length, announced, "setup part")
  if (reading.problem !== undefined) return { tree: [setup.node], problem: reading.problem }
  const between = gap(view, "unused", setup.end, announced)
  const tree = [setup.node, ...between]
  const absent = stateMissing(announced, length)
  if (absent !== undefined) {
    const rest = gap(view, "unused", Math.max(announced, setup.end), length)
    return { tree: [...tree, ...rest], problem: absent }
  }
  const state = partNode(reading, view, "state", announced, length - announced)
  const behind = reading.problem === undefined ? gap(view, "unused", state.end, length) : []
  return { tree: [...tree, state.node, ...behind], problem: reading.problem }
}

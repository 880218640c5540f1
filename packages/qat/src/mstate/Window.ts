/**
 * Finding sections in untrusted bytes. A window is a run of section headers that must end inside it; nothing outside is
 * ever read. Every "no" is a refusal with its own code. Source: `qat_common/adf_mstate_mgr.c`.
 *
 * The kernel's verdicts are kept, not its reads: it looks at a size field before it knows that the header is inside the
 * window. A count is bounded by the window, never trusted as a loop bound: each section takes 16 bytes at least.
 */
import type { Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import { hex, refusal } from "../Refusals.ts"
import { headerBytes, headerField, idBytes, magic, preambleBytes, preambleField, version } from "./Layout.ts"

/** Section headers start at `first`, there are `count`; all must end at or before `end`. Offsets in bytes. */
export interface Window {
  readonly view: DataView
  /** Where in the tree: `setup`, `state`, `CONFIG`, `ETRBAR/bnk0`. */
  readonly path: string
  readonly first: number
  readonly end: number
  readonly count: number
}

/** A section found: its body is `size` bytes at `body`, and lies inside its window. */
export interface Section {
  readonly view: DataView
  readonly path: string
  readonly body: number
  readonly size: number
  readonly subSections: number
}

/** The id at a header: up to 8 characters, the first NUL ends it. Non-printing bytes show as `\xNN`. */
export const readId = (view: DataView, header: number): string => {
  let id = ""
  for (let index = 0; index < idBytes; index++) {
    const code = view.getUint8(header + headerField.id + index)
    if (code === 0) break
    id += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : `\\x${code.toString(16).padStart(2, "0")}`
  }
  return id
}

const idMatches = (view: DataView, header: number, id: string): boolean => {
  for (let index = 0; index < id.length; index++) {
    if (view.getUint8(header + index) !== id.charCodeAt(index)) return false
  }
  return view.getUint8(header + id.length) === 0
}

/** The first header of `window` whose section does not end inside it, as a refusal; none if all do. */
export const validate = (window: Window): Refusal | undefined => {
  const { view, end } = window
  let at = window.first
  for (let index = 0; index < window.count; index++) {
    if (at + headerBytes > end) {
      return refusal({
        code: "mstate.section.header",
        rule: "every section header must lie inside its part",
        where: `${window.path}, section ${index} of ${window.count} at offset ${at}`,
        source: `ends at ${at + headerBytes}`,
        destination: `end of the part is ${end}`,
        remedy: "send the whole stream of one save session, from its beginning"
      })
    }
    const size = view.getUint32(at + headerField.size, true)
    if (at + headerBytes + size > end) {
      return refusal({
        code: "mstate.section.bounds",
        rule: "every section must end inside its part",
        where: `${window.path}/${readId(view, at)} at offset ${at}`,
        source: `ends at ${at + headerBytes + size}`,
        destination: `end of the part is ${end}`,
        remedy: "send the whole stream of one save session, from its beginning"
      })
    }
    at += headerBytes + size
  }
  return undefined
}

/**
 * The window behind the preamble at `base`, `size` bytes in all. The caller has made sure that the preamble's 16 bytes may
 * be read. The preamble's own size field is not used; its header length may skip bytes, or even overlap the preamble.
 */
export const openWindow = (
  view: DataView,
  path: "setup" | "state",
  base: number,
  size: number
): Either.Either<Window, Refusal> => {
  const found = view.getUint32(base + preambleField.magic, true)
  if (found !== magic) {
    return Either.left(
      refusal({
        code: `mstate.${path}.magic`,
        rule: "a part starts with the magic number",
        where: `${path} preamble at offset ${base}`,
        source: hex(found),
        destination: hex(magic),
        remedy: "check that this is a GEN4 migration block and that no bytes before it were lost"
      })
    )
  }
  const foundVersion = view.getUint32(base + preambleField.version, true)
  if (foundVersion > version) {
    return Either.left(
      refusal({
        code: `mstate.${path}.version`,
        rule: "the format version must not be newer than the reader's",
        where: `${path} preamble at offset ${base + preambleField.version}`,
        source: `${foundVersion}`,
        destination: `${version}`,
        remedy: "load on a destination that knows this version"
      })
    )
  }
  const headerLength = view.getUint16(base + preambleField.headerLength, true)
  if (headerLength > size) {
    return Either.left(
      refusal({
        code: `mstate.${path}.length`,
        rule: "the preamble must not be longer than its part",
        where: `${path} preamble at offset ${base + preambleField.headerLength}`,
        source: `${headerLength} bytes`,
        destination: `${size} bytes`,
        remedy: "send the whole stream of one save session, from its beginning"
      })
    )
  }
  const count = view.getUint16(base + preambleField.sectionCount, true)
  const window = { view, path, first: base + headerLength, end: base + size, count }
  const bad = validate(window)
  return bad === undefined ? Either.right(window) : Either.left(bad)
}

/** Bytes a part announces: preamble and sections, modulo 2^32 as the kernel adds them. */
export const announcedBytes = (view: DataView, base: number): number =>
  (view.getUint16(base + preambleField.headerLength, true) + view.getUint32(base + preambleField.size, true)) >>> 0

/** Whether a preamble fits between `base` and `end`, both in bytes. */
export const hasPreamble = (base: number, end: number): boolean => base + preambleBytes <= end

/** The window of a section's sub sections. Validated by `lookup` already. */
export const inside = (section: Section): Window => ({
  view: section.view,
  path: section.path,
  first: section.body,
  end: section.body + section.size,
  count: section.subSections
})

/** What stands in a code for an id: all banks are one kind. */
const kindOf = (id: string): string => id.replace(/\d+$/, "").toLowerCase()

const missing = (window: Window, id: string): Refusal =>
  refusal({
    code: `mstate.${kindOf(id)}.missing`,
    rule: "every section that a load needs must be there",
    where: `${window.path}/${id}`,
    source: "absent",
    destination: "required",
    remedy: "save again on the source; the block is not complete"
  })

/** The first section called `id`; its sub sections, if it has any, are known to lie inside it. */
export const lookup = (window: Window, id: string): Either.Either<Section, Refusal> => {
  const { view } = window
  let at = window.first
  for (let index = 0; index < window.count; index++) {
    const size = view.getUint32(at + headerField.size, true)
    if (idMatches(view, at, id)) {
      const subSections = view.getUint32(at + headerField.subSections, true)
      const section = { view, path: sectionPath(window, id), body: at + headerBytes, size, subSections }
      const bad = subSections === 0 ? undefined : validate(inside(section))
      return bad === undefined ? Either.right(section) : Either.left(bad)
    }
    at += headerBytes + size
  }
  return Either.left(missing(window, id))
}

const sectionPath = (window: Window, id: string): string =>
  window.path === "setup" || window.path === "state" ? id : `${window.path}/${id}`

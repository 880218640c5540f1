/**
 * A block as plain sections, to take apart and put together otherwise: all sizes and counts around a change are right again,
 * so that exactly one rule is broken. Trusts what it reads.
 */

/** A leaf with its data, or a section with its sections. */
type Section =
  | { readonly id: string; readonly data: Uint8Array }
  | { readonly id: string; readonly sections: ReadonlyArray<Section> }

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const take = (bytes: Uint8Array, first: number, count: number): ReadonlyArray<Section> => {
  let at = first
  const view = viewOf(bytes)
  const found: Array<Section> = []
  for (let index = 0; index < count; index++) {
    const id = String.fromCharCode(...bytes.subarray(at, at + 8)).replace(/\0.*$/, "")
    const [size, inner] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)]
    const body = at + 16
    found.push(inner === 0 ? { id, data: bytes.slice(body, body + size) } : { id, sections: take(bytes, body, inner) })
    at = body + size
  }
  return found
}

const sectionBytes = (section: Section): ReadonlyArray<number> => {
  const inner = "sections" in section ? section.sections : []
  const body = "sections" in section ? inner.flatMap(sectionBytes) : Array.from(section.data)
  const header = new Uint8Array(16)
  header.set(new TextEncoder().encode(section.id))
  viewOf(header).setUint32(8, body.length, true)
  viewOf(header).setUint32(12, inner.length, true)
  return [...header, ...body]
}

const partBytes = (sections: ReadonlyArray<Section>): ReadonlyArray<number> => {
  const body = sections.flatMap(sectionBytes)
  const preamble = new Uint8Array(16)
  const view = viewOf(preamble)
  view.setUint32(0, 0xadf5_caea, true)
  view.setUint32(4, 1, true)
  view.setUint16(8, 16, true)
  view.setUint16(10, sections.length, true)
  view.setUint32(12, body.length, true)
  return [...preamble, ...body]
}

const change = (
  sections: ReadonlyArray<Section>,
  path: ReadonlyArray<string>,
  into: (section: Section) => ReadonlyArray<Section>
): ReadonlyArray<Section> =>
  sections.flatMap((section) => {
    if (section.id !== path[0]) return [section]
    if (path.length === 1) return into(section)
    return "sections" in section ? [{ ...section, sections: change(section.sections, path.slice(1), into) }] : [section]
  })

/** A good block with the section at `path` (`ETRBAR/bnk0/mregs`) replaced by what `into` makes of it: none or more. */
export const edited = (
  bytes: Uint8Array,
  path: string,
  into: (section: Section) => ReadonlyArray<Section>
): Uint8Array => {
  const view = viewOf(bytes)
  const setupEnd = 16 + view.getUint32(12, true)
  const ids = path.split("/")
  const setup = partBytes(change(take(bytes, 16, view.getUint16(10, true)), ids, into))
  const state = partBytes(change(take(bytes, setupEnd + 16, view.getUint16(setupEnd + 10, true)), ids, into))
  const block = new Uint8Array(4096)
  block.set([...setup, ...state])
  return block
}

/** The block without the section at `path`. */
export const without = (bytes: Uint8Array, path: string): Uint8Array => edited(bytes, path, () => [])

/** The block with the leaf at `path` cut, or extended with zeroes, to `size` bytes. */
export const resized = (bytes: Uint8Array, path: string, size: number): Uint8Array =>
  edited(bytes, path, ({ id, ...rest }) => {
    const data = new Uint8Array(size)
    if ("data" in rest) data.set(rest.data.subarray(0, size))
    return [{ id, data }]
  })

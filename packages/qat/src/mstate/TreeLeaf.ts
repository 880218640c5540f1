/**
 * What the data of each leaf of a migration block say, as nodes. Readers look at no byte outside the section they are
 * given, and are called only for sizes that they can read. Source: `qat_common/adf_gen4_vf_mig.c`, `adf_bank_state.h`.
 */
import { hex } from "../Refusals.ts"
import { type CsrName, csrs, type Migrated, type MiscName } from "../Registers.ts"
import { readSla } from "./Decode.ts"
import {
  bankFields,
  bankRecordBytes,
  ringEntriesAt,
  ringEntryBytes,
  ringEntryField,
  ringEntrySlots,
  slaBytes,
  slaField
} from "./Layout.ts"
import {
  bankBits,
  bitsOf,
  capability,
  mailboxWord,
  ringBits,
  ringConfig,
  ringPairs,
  servicesOf,
  slaService
} from "./Names.ts"
import { branch, node, type Node, raw, unused, word } from "./TreeNode.ts"
import type { Section } from "./Window.ts"

/** What a leaf says: its value and what stands below it. */
export interface LeafText {
  readonly value?: string
  readonly note?: string
  readonly children: ReadonlyArray<Node>
}

/** The leaf as a little-endian number, however many bytes it has. */
const number = ({ view, body, size }: Section): bigint => {
  let value = 0n
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(view.getUint8(body + index))
  return value
}

const odd = ({ size }: Section, usual: number): string => (size === usual ? "" : `${size} bytes instead of ${usual}`)
const notes = (...parts: ReadonlyArray<string>): { readonly note?: string } => {
  const note = parts.filter((part) => part !== "").join("; ")
  return note === "" ? {} : { note }
}

/** `gencap`: one child for each bit that is set. */
export const gencap = (section: Section): LeafText => {
  const mask = number(section)
  const children = bitsOf(mask).map((bit) => node(`bit ${bit}`, section.body, section.size, capability(bit)))
  return { value: hex(mask), ...notes(odd(section, 4)), children }
}

/** `svcmap`: one child for each bank. */
export const svcmap = (section: Section): LeafText => {
  const map = number(section)
  const children = servicesOf(Number(map & 0xffffn)).map((service, bank) =>
    node(`bank ${bank}`, section.body, section.size, service)
  )
  return { value: hex(map), ...notes(odd(section, 2)), children }
}

export const extdc = (section: Section): LeafText => ({
  value: hex(number(section)),
  ...notes("extended compression capabilities", odd(section, 4)),
  children: []
})

export const iovinit = ({ view, body }: Section): LeafText => {
  const value = view.getUint8(body)
  return { value: `${value}`, note: value === 0 ? "the VF sent no INIT" : "the VF sent INIT", children: [] }
}

export const compver = ({ view, body }: Section): LeafText => {
  const value = view.getUint8(body)
  return { value: `${value}`, note: value === 0 ? "none announced" : "announced by the VF", children: [] }
}

const slaRecord = ({ view, body }: Section, index: number): Node => {
  const at = body + index * slaBytes
  const { service, ringPairMask, cir, pir } = readSla(view, at)
  return branch(`SLA ${index}`, at, slaBytes, [
    node("service", at + slaField.service, 4, `${service}`, slaService(service)),
    word(view, "padding", at + slaField.padding, () => ""),
    node("ring pairs", at + slaField.ringPairMask, 8, hex(ringPairMask), ringPairs(ringPairMask)),
    node("CIR", at + slaField.cir, 4, `${cir}`, "committed information rate"),
    node("PIR", at + slaField.pir, 4, `${pir}`, "peak information rate")
  ])
}

/** `sla`: every whole record; what is left of a shorter one is ignored by a load. */
export const sla = (section: Section): LeafText => {
  const count = Math.floor(section.size / slaBytes)
  const rest = section.size - count * slaBytes
  const children = Array.from({ length: count }, (_, index) => slaRecord(section, index))
  return {
    value: `${count} SLA${count === 1 ? "" : "s"}`,
    ...notes(rest === 0 ? "" : `${rest} more bytes, ignored by a load`),
    children
  }
}

const miscMeaning: Readonly<Record<MiscName, (value: number) => string>> = {
  VINTSOU: (value) => `interrupt of ${bankBits(value)}; saved, not restored`,
  VINTMSK: (value) => `masked: ${bankBits(value)}`,
  VINTSOUPF2VM: (value) => `${(value & 1) === 1 ? "a PF message is pending" : "no PF message"}; saved, not restored`,
  VINTMSKPF2VM: (value) => ((value & 1) === 1 ? "masked" : "not masked"),
  PF2VM: (value) => mailboxWord("PF2VM", value),
  VM2PF: (value) => mailboxWord("VM2PF", value)
}

/** A leaf of MISCBAR. One of another size is shown as a number: a load looks at it only if it restores the register. */
export const misc =
  (name: MiscName) =>
  (section: Section): LeafText => {
    if (section.size !== 4) return { ...notes(name, odd(section, 4)), children: [] }
    const value = section.view.getUint32(section.body, true)
    return { value: hex(value), note: `${name}: ${miscMeaning[name](value)}`, children: [] }
  }

const migratedAs: Readonly<Record<Migrated, string>> = {
  restored: "",
  checked: "checked after a load",
  steers: "steers the load",
  saved: "saved, not restored"
}

const coalescing = (value: number): string => {
  const timer = (value & 0x7fff_ffff) >>> 0
  return `coalescing ${value > 0x7fff_ffff ? "on" : "off"}, timer ${timer} x 256 engine clocks`
}

/** One hexadecimal digit for each ring: when it interrupts. */
const sources = (value: number): string => `ring 0 code ${value & 0xf}, ring 1 code ${(value >>> 4) & 0xf}`

const csrMeaning = (name: CsrName, value: number): string => {
  if (name === "INT_COL_CTL") return coalescing(value)
  if (name === "INT_SRCSEL") return sources(value)
  // These two have no documented layout.
  return name === "STAT" || name === "C_STAT" || name === "EXP_STAT" || name === "EXP_INT_EN" ? "" : ringBits(value)
}

const csrNote = (name: CsrName, value: number): string => {
  const fact = csrs.find((csr) => csr.name === name)
  const migrated = fact === undefined ? "" : migratedAs[fact.migrated]
  return notes(csrMeaning(name, value), migrated).note ?? ""
}

const ringNames = ["requests (TX)", "responses (RX)"] as const

const ringNode = ({ view, body }: Section, slot: number): Node => {
  const at = body + ringEntriesAt + slot * ringEntryBytes
  const pointer = (name: string, offset: number) => word(view, name, offset, () => "")
  return branch(
    `ring ${slot}`,
    at,
    ringEntryBytes,
    [
      node("base", at + ringEntryField.base, 8, hex(view.getBigUint64(at + ringEntryField.base, true))),
      word(view, "config", at + ringEntryField.config, ringConfig),
      pointer("head", at + ringEntryField.head),
      pointer("tail", at + ringEntryField.tail),
      pointer("reserved", at + ringEntryField.reserved)
    ],
    ringNames[slot] ?? ""
  )
}

const usedSlots = ringNames.length

/** What follows the rings in use: slots that a GEN4 bank does not have, and whatever a longer record holds. */
const bankTail = ({ view, body, size }: Section): ReadonlyArray<Node> => {
  const used = ringEntriesAt + usedSlots * ringEntryBytes
  const whole = Math.min(size, bankRecordBytes)
  const slots = unused(view, `rings ${usedSlots}..${ringEntrySlots - 1}`, body + used, whole - used)
  const longer = size - whole
  return longer === 0 ? [slots] : [slots, raw(view, "more", body + whole, longer, "not of this format")]
}

/** `mregs`: every register by both its names, both rings, the slots that are not in use. */
export const bank = (section: Section): LeafText => {
  const { view, body } = section
  const registers = bankFields.map(({ name, offset, csr }) =>
    csr === undefined
      ? word(view, name, body + offset, () => "not written by a save")
      : word(view, `${name} ${csr}`, body + offset, (value) => csrNote(csr, value))
  )
  const rings = Array.from({ length: usedSlots }, (_, slot) => ringNode(section, slot))
  return { ...notes(odd(section, bankRecordBytes)), children: [...registers, ...rings, ...bankTail(section)] }
}

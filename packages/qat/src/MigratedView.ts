/**
 * When two VFs are the same after a migration: the fields that the format restores, and nothing else. Digests, verified
 * switchover, the demo and tests use this one function. Source: `docs/architecture.md`, "Same state: `migratedView`".
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { Bank, Block } from "./mstate/Block.ts"
import { readCsr } from "./RegisterAccess.ts"
import { misc, ringBase, ringRegister } from "./RegisterFile.ts"
import { banksPerVf, coalescingEnable, csrs, miscRegisters, ringsPerBank } from "./Registers.ts"
import type { Vf } from "./VfState.ts"

/** Values by name, in a fixed order; addresses and registers as `0x` text. */
export type Section = Readonly<Record<string, string>>
/** Sections in the order of the block: GENER, MISCBAR, bnk0 to bnk3. */
export type MigratedView = Readonly<Record<string, Section>>

const hex = (value: number | bigint): string => `0x${value.toString(16)}`

/** Bit 31 of INT_COL_CTL is set by every restore, whatever was saved. */
const normalised = (name: string, value: number): number =>
  name === "INT_COL_CTL" ? (value | coalescingEnable) >>> 0 : value

const bankSection = (vf: Vf, bank: number): Section => {
  const values: Record<string, string> = {}
  for (let ring = 0; ring < ringsPerBank; ring++) {
    values[`ring${ring}.base`] = hex(ringBase(vf.registers, bank, ring))
    for (const name of ["CONFIG", "HEAD", "TAIL"] as const) {
      values[`ring${ring}.${name}`] = hex(ringRegister(vf.registers, bank, ring, name))
    }
  }
  for (const { name, migrated } of csrs) {
    if (migrated === "saved" || migrated === "steers") continue
    values[name] = hex(normalised(name, readCsr(vf.registers, vf.registerModel, bank, name)))
  }
  return values
}

const miscSection = (vf: Vf): Section =>
  Object.fromEntries(
    miscRegisters
      .filter(({ migrated }) => migrated === "restored")
      .map(({ name }) => [name, hex(misc(vf.registers, name))] as const)
  )

/** The migrated fields of a VF. */
export const migratedView = (vf: Vf): MigratedView => ({
  GENER: { init: hex(vf.init), compatVersion: hex(vf.compatVersion) },
  MISCBAR: miscSection(vf),
  ...Object.fromEntries(Array.from({ length: banksPerVf }, (_, bank) => [`bnk${bank}`, bankSection(vf, bank)] as const))
})

const blockBank = ({ csrs: saved, rings }: Bank): Section => {
  const values: Record<string, string> = {}
  for (const [ring, { base, config, head, tail }] of rings.entries()) {
    values[`ring${ring}.base`] = hex(base)
    for (const [name, value] of [
      ["CONFIG", config],
      ["HEAD", head],
      ["TAIL", tail]
    ] as const) {
      values[`ring${ring}.${name}`] = hex(value)
    }
  }
  for (const [index, { migrated, name }] of csrs.entries()) {
    if (migrated === "saved" || migrated === "steers") continue
    values[name] = hex(normalised(name, saved[index] ?? 0))
  }
  return values
}

/** The same of a whole block: what the VF that saved it had, for those who have the block alone. */
export const blockView = ({ state: { banks, general, misc: saved } }: Block): MigratedView => ({
  GENER: { init: hex(general.init), compatVersion: hex(general.compatVersion) },
  MISCBAR: Object.fromEntries(
    miscRegisters
      .filter(({ migrated }) => migrated === "restored")
      .map(({ name }) => [name, hex(name in saved ? saved[name] : 0)] as const)
  ),
  ...Object.fromEntries(banks.map((bank, index) => [`bnk${index}`, blockBank(bank)] as const))
})

/** What the view leaves out, and why. */
export const leftOut: ReadonlyArray<{ readonly what: string; readonly why: string }> = [
  { what: "INT_FLAG", why: "pending flags are saved but not restored; they follow from ring status and source select" },
  { what: "UO_STAT", why: "saved but not restored and not compared" },
  { what: "EXP_STAT", why: "steers the load: if it is not 0 the arbiter stays off and statuses are not compared" },
  { what: "VINTSOU, VINTSOUPF2VM", why: "interrupt sources are saved but not restored" },
  { what: "INT_COL_CTL bit 31", why: "every restore sets it" },
  { what: "gencap, svcmap, extdc, SLAs", why: "attributes of the PF: compared by rule (superset, equal, not above)" },
  { what: "setup sizes, files, migration state", why: "belong to the migration, not to the guest's device" }
]

/** sha256 of one section, lower-case hex. */
const sectionDigest = (section: Section): string => bytesToHex(sha256(utf8ToBytes(JSON.stringify(section))))

/** A digest for each section, and one over all of them: what two sides compare. */
export const digest = (
  view: MigratedView
): { readonly sections: Readonly<Record<string, string>>; readonly whole: string } => {
  const sections = Object.fromEntries(Object.entries(view).map(([name, section]) => [name, sectionDigest(section)]))
  return { sections, whole: bytesToHex(sha256(utf8ToBytes(JSON.stringify(sections)))) }
}

/** The first field in which two views differ. */
export const firstDifference = (
  source: MigratedView,
  destination: MigratedView
): { readonly field: string; readonly source: string; readonly destination: string } | undefined => {
  for (const [section, values] of Object.entries(source)) {
    for (const [name, value] of Object.entries(values)) {
      const other = destination[section]?.[name] ?? "absent"
      if (other !== value) return { field: `${section}.${name}`, source: value, destination: other }
    }
  }
  return undefined
}

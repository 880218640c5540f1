/**
 * Programming one bank from its saved record, in the exact order of writes. Source: `qat_common/adf_bank_state.c`.
 *
 * Why so many writes: the status flags are hardware's own and must come out right from the pointers alone. Writing the TX
 * head again after the tail makes head = tail mean empty; writing the RX tail again makes it mean full; the source-select
 * bits in between let the flags follow.
 */
import type { Refusal } from "@stopcopy/errno"
import { hex, refusal } from "../Refusals.ts"
import { coalescingEnable, csrIndex, type CsrName, type RingRegisterName } from "../Registers.ts"
import type { Bank } from "./Block.ts"
import { readBank } from "./Decode.ts"
import type { Section } from "./Window.ts"

/** The destination's registers of one bank. */
export interface BankTarget {
  readonly readCsr: (name: CsrName) => number
  readonly writeCsr: (name: CsrName, value: number) => void
  readonly writeRing: (ring: number, name: RingRegisterName, value: number) => void
}

const transmit = 0
const receive = 1
/** INT_SRCSEL, four bits a ring: the request ring's "full" rises; the response ring's "full" rises, then falls. */
const transmitFullRises = 0x03
const receiveFullRises = 0x30
const receiveFullFalls = 0x70

/** Compared after the arbiter is on, in this order. UO_STAT is not among them. */
const compared = ["STAT", "E_STAT", "NE_STAT", "NF_STAT", "F_STAT", "C_STAT"] as const satisfies ReadonlyArray<CsrName>
/** Written straight from the record, in this order, once the pointers stand. */
const interrupts = [
  "INT_FLAG_AND_COL",
  "INT_FLAG_EN",
  "INT_COL_EN",
  "INT_SRCSEL",
  "EXP_INT_EN"
] as const satisfies ReadonlyArray<CsrName>

const saved = (bank: Bank, name: CsrName): number => bank.csrs[csrIndex[name]] ?? 0

const low = (base: bigint): number => Number(base & 0xffff_ffffn)
const high = (base: bigint): number => Number(base >> 32n)

const restoreRings = (bank: Bank, target: BankTarget): void => {
  const [tx, rx] = bank.rings
  const select = (bits: number): void => target.writeCsr("INT_SRCSEL", (target.readCsr("INT_SRCSEL") | bits) >>> 0)
  target.writeRing(transmit, "LBASE", low(tx.base))
  target.writeRing(transmit, "UBASE", high(tx.base))
  target.writeRing(receive, "LBASE", low(rx.base))
  target.writeRing(receive, "UBASE", high(rx.base))
  target.writeRing(transmit, "CONFIG", tx.config)
  target.writeRing(receive, "CONFIG", rx.config)
  target.writeRing(transmit, "HEAD", tx.head)
  target.writeRing(transmit, "TAIL", tx.tail)
  if ((saved(bank, "E_STAT") & (1 << transmit)) !== 0) {
    select(transmitFullRises)
    target.writeRing(transmit, "HEAD", tx.head)
  }
  target.writeRing(receive, "TAIL", rx.tail)
  select(receiveFullRises)
  target.writeRing(receive, "HEAD", rx.head)
  select(receiveFullFalls)
  if ((saved(bank, "F_STAT") & (1 << receive)) !== 0) target.writeRing(receive, "TAIL", rx.tail)
}

const differs = (path: string, name: CsrName, source: number, destination: number): Refusal =>
  refusal({
    code: `mstate.bank.${name.toLowerCase()}`,
    rule: "the status register must come out as it was saved",
    where: `${path} ${name}`,
    source: hex(source),
    destination: hex(destination),
    remedy: "reset the destination VF and load again; if it persists, source and destination differ in hardware"
  })

/**
 * Restores one bank; returns what went wrong, if anything. A saved exception ends the restore early with success and
 * leaves the arbiter off; an exception pending on the destination fails it.
 */
export const restoreBank = (record: Section, target: BankTarget): Refusal | undefined => {
  const bank = readBank(record)
  restoreRings(bank, target)
  for (const name of interrupts) target.writeCsr(name, saved(bank, name))
  target.writeCsr("INT_COL_CTL", (saved(bank, "INT_COL_CTL") | coalescingEnable) >>> 0)
  if (saved(bank, "EXP_STAT") !== 0) return undefined
  const pending = target.readCsr("EXP_STAT")
  if (pending !== 0) {
    return refusal({
      code: "mstate.bank.exception",
      rule: "the destination bank must have no exception pending",
      where: `${record.path} EXP_STAT`,
      source: "0x0",
      destination: hex(pending),
      remedy: "reset the destination VF before loading"
    })
  }
  target.writeCsr("RING_SRV_ARB_EN", saved(bank, "RING_SRV_ARB_EN"))
  for (const name of compared) {
    const now = target.readCsr(name)
    if (now !== saved(bank, name)) return differs(record.path, name, saved(bank, name), now)
  }
  return undefined
}

/**
 * A migration block as its named values: what a save collects and what a complete, well-formed block decodes to.
 * Source: `qat_common/adf_gen4_vf_mig.c`; layout in `Layout.ts`.
 */
import { Schema } from "effect"
import { csrs } from "../Registers.ts"
import { U16, U32, U64, U8 } from "../Unsigned.ts"
import { slaLimit } from "./Layout.ts"

/** The setup part: what the PF of the source can do. */
export const Setup = Schema.Struct({
  /** Accelerator capability mask; the destination must have every bit. */
  gencap: U32,
  /** Ring-to-service map; must be equal. */
  svcmap: U16,
  /** Extended compression capability mask; the destination must have every bit. */
  extdc: U32
})
export type Setup = typeof Setup.Type

/** A rate-limiting promise. `ringPairMask` bit i is ring pair i of the whole device, also of other VFs. */
export const Sla = Schema.Struct({
  /** 0 asym, 1 sym, 2 compression, 3 decompression. */
  service: U32,
  ringPairMask: U64,
  /** Committed and peak information rate. */
  cir: U32,
  pir: U32
})
export type Sla = typeof Sla.Type

/** What the PF remembers of the VF's mailbox, and the VF's SLAs (0 to 4). */
export const General = Schema.Struct({
  init: U8,
  compatVersion: U8,
  slas: Schema.Array(Sla).pipe(Schema.maxItems(slaLimit))
})
export type General = typeof General.Type

/** The interrupt and mailbox registers of the VF. */
export const Misc = Schema.Struct({
  VINTSOU: U32,
  VINTMSK: U32,
  VINTSOUPF2VM: U32,
  VINTMSKPF2VM: U32,
  PF2VM: U32,
  VM2PF: U32
})
export type Misc = typeof Misc.Type

export const Ring = Schema.Struct({ base: U64, config: U32, head: U32, tail: U32 })
export type Ring = typeof Ring.Type

/** One bank: its 16 registers in the order of `csrs`, its request ring and its response ring. */
export const Bank = Schema.Struct({
  csrs: Schema.Array(U32).pipe(Schema.itemsCount(csrs.length)),
  rings: Schema.Tuple(Ring, Ring)
})
export type Bank = typeof Bank.Type

/** The state part. */
export const State = Schema.Struct({ general: General, misc: Misc, banks: Schema.Tuple(Bank, Bank, Bank, Bank) })
export type State = typeof State.Type

export const Block = Schema.Struct({ setup: Setup, state: State })
export type Block = typeof Block.Type

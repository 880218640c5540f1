/**
 * The migration features a device may have, as bits of a mask, and which of them each state needs.
 * Source: `include/uapi/linux/vfio.h`, per-state requirement table of `drivers/vfio/vfio_main.c`.
 * Masks are plain numbers; of a mask only the low 32 bits are looked at, and unknown bits change nothing.
 */
import { Option } from "effect"
import { fromNumber, type MigrationState } from "./MigrationState.ts"

/** Bit 0: STOP, RUNNING, STOP_COPY and RESUMING. Mandatory. */
export const STOP_COPY = 1
/** Bit 1: RUNNING_P2P, and with PRE_COPY also PRE_COPY_P2P. */
export const P2P = 2
/** Bit 2: PRE_COPY. */
export const PRE_COPY = 4

/** All 32 bits: no device has them, so ERROR is never supported. */
const never = 0xffff_ffff

/** The features a state needs, all of them. */
export const required: Readonly<Record<MigrationState, number>> = {
  ERROR: never,
  STOP: STOP_COPY,
  RUNNING: STOP_COPY,
  STOP_COPY,
  RESUMING: STOP_COPY,
  RUNNING_P2P: STOP_COPY | P2P,
  PRE_COPY: STOP_COPY | PRE_COPY,
  PRE_COPY_P2P: STOP_COPY | P2P | PRE_COPY
}

/** Whether a device with these features has this state. ERROR: never. */
export const supports = (flags: number, state: MigrationState): boolean =>
  state !== "ERROR" && (flags & required[state]) === required[state]

/** The same for a raw state number; false for a number that no state has. */
export const supportsNumber = (flags: number, number: number): boolean =>
  Option.exists(fromNumber(number), (state) => supports(flags, state))

/** Whether the protocol defines this combination: 1, 3, 5 or 7. Without STOP_COPY every state is unusable. */
export const isDefined = (flags: number): boolean => flags === 1 || flags === 3 || flags === 5 || flags === 7

const names: ReadonlyArray<readonly [number, string]> = [
  [STOP_COPY, "STOP_COPY"],
  [P2P, "P2P"],
  [PRE_COPY, "PRE_COPY"]
]

/** A mask as people read it: `STOP_COPY|P2P (3)`, `none (0)`. Total. */
export const describe = (flags: number): string => {
  const present = names.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
  return `${present.length === 0 ? "none" : present.join("|")} (${flags})`
}

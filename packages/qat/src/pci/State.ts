/**
 * The PCI side of one VF: config space, the MSI-X table, a reset that is under way. Sources: `include/uapi/linux/pci_regs.h`; MSI-X and function level
 * reset of the PCI Express specification.
 *
 * S1 Whether a vector is set up at all is what the user of the device says (VFIO_DEVICE_SET_IRQS), as with the kernel's vfio-pci. So MSI-X Enable
 *    holds nothing back: a VMM that has come with a migration assigns vectors and never writes the bit.
 * S2 A VMM may keep the MSI-X table to itself, as QEMU does. A table entry that was not written since the last reset masks nothing.
 */
import { BytesFromBase64 } from "../Base64.ts"
import { Schema } from "effect"
import { U32 } from "../Unsigned.ts"
import {
  busMaster,
  commandAt,
  d0,
  Identity,
  msixControlAt,
  msixEnable,
  msixFunctionMask,
  msixVectors,
  powerControlAt,
  storedBytes,
  wordAt
} from "./ConfigLayout.ts"

/** One entry of the MSI-X table: address (two words), data, vector control. */
export const TableEntry = Schema.Tuple(U32, U32, U32, U32)
export type TableEntry = typeof TableEntry.Type

/** An entry as it comes up: masked. */
export const untouched: TableEntry = [0, 0, 0, 1]

export const Pci = Schema.Struct({
  /** None: the function has never been powered on. */
  identity: Schema.NullOr(Identity),
  /** The first 256 bytes of config space; behind them all is 0. */
  config: BytesFromBase64,
  /** By vector; none: not written since the last reset (S2). */
  table: Schema.Array(Schema.NullOr(TableEntry)).pipe(Schema.itemsCount(msixVectors)),
  /** Config space is reset, and the VF is still to be. */
  resetting: Schema.Boolean,
  resets: Schema.NonNegativeInt
})
export type Pci = typeof Pci.Type

const emptyTable: Pci["table"] = Array.from({ length: msixVectors }, () => null)

export const initial: Pci = {
  identity: null,
  config: new Uint8Array(storedBytes),
  table: emptyTable,
  resetting: false,
  resets: 0
}

/** D0: registers answer. In D3hot config space alone does. */
export const isAwake = ({ config }: Pci): boolean => (wordAt(config, powerControlAt) & 3) === d0

/** Whether the function may reach memory: for data, and for messages, which are writes too. */
export const mayMaster = (pci: Pci): boolean =>
  (wordAt(pci.config, commandAt) & busMaster) !== 0 && isAwake(pci) && !pci.resetting

const enabledAndMasked = msixEnable | msixFunctionMask

/** Whether a vector is masked: by its table entry, or with all others. */
export const isMasked = ({ config, table }: Pci, vector: number): boolean =>
  (wordAt(config, msixControlAt) & enabledAndMasked) === enabledAndMasked || ((table[vector]?.[3] ?? 0) & 1) !== 0

/** Whether an interrupt of a vector goes to the user now. */
export const delivers = (pci: Pci, vector: number): boolean => mayMaster(pci) && !isMasked(pci, vector)

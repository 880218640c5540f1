/**
 * Config space of a QAT GEN4 VF: what stands where, what a write may change, and what it holds as the function comes up. Little endian, offsets and
 * sizes in bytes. Sources: `include/uapi/linux/pci_regs.h`; sections 1.1, 1.4 and 4.2 of the register specification.
 *
 * L1 4096 bytes: a PCI Express function has extended config space, and the fuse words of the VF reach into it (0x1c4). It has no extended
 *    capability, so that only the first 256 bytes are ever other than 0.
 * L2 The fuse words at 0x40 to 0x4f stay free of capabilities. 0: every slice is there.
 * L3 The MSI-X table and its pending bits lie in the free part of BAR2, behind the mailbox registers: no BAR is larger or more than on the device.
 */
import { Schema } from "effect"
import { barBytes } from "../Registers.ts"
import { U16, U8 } from "../Unsigned.ts"

/** Size of config space, and of the part of it that is not always 0. */
export const configBytes = 4096
export const storedBytes = 256

/** What tells one function from another. */
export const Identity = Schema.Struct({
  vendor: U16,
  device: U16,
  revision: U8,
  subsystemVendor: U16,
  subsystem: U16
})
export type Identity = typeof Identity.Type

/** Where the capabilities begin. */
export const capability = { express: 0x50, msix: 0x90, power: 0xa0 } as const

/** Command register: bits that there are; Bus Master Enable. */
const commandBits = 0x0537
export const busMaster = 0x0004
/** VGA palette snoop: taken, and never stored. */
const vgaSnoop = 0x0020

export const commandAt = 0x04
export const deviceControlAt = capability.express + 0x08
/** Bit 15 of Device Control: begins a function level reset; reads 0. */
export const functionReset = 0x8000
export const powerControlAt = capability.power + 0x04
/** Power states of PMCSR that there are. */
export const d0 = 0
export const d3hot = 3
export const msixControlAt = capability.msix + 0x02
export const msixEnable = 0x8000
export const msixFunctionMask = 0x4000

/** The one vector, and where its table entry and its pending bit lie in BAR2. */
export const msixVectors = 1
export const msixEntryBytes = 16
export const msixTableAt = 0x1800
export const msixPendingAt = 0x1900
/** Size of the pending bits: whole groups of 64. */
export const msixPendingBytes = 8
const msixBar = 2

/** One register, and what writing it does. */
export interface Field {
  readonly name: string
  readonly offset: number
  readonly bytes: number
  /**
   * `store`: the bits of `mask` change. `ignore`: nothing does. `EINVAL`: there is nothing to be written. `EPERM`: part of a capability that is
   * read-only. `ENOTSUP`: a register of power management that libvfio-user does not write.
   */
  readonly write: "store" | "ignore" | "EINVAL" | "EPERM" | "ENOTSUP"
  readonly mask: number
  /** Written whole or not at all. */
  readonly whole: boolean
  /** The values that may be written; every value if there is none. */
  readonly accepts?: (value: number) => boolean
}

const field = (name: string, offset: number, bytes: number, changes: Partial<Field>): Field => ({
  name,
  offset,
  bytes,
  write: "ignore",
  mask: 0,
  whole: false,
  ...changes
})

const stored = (name: string, offset: number, bytes: number, mask: number, changes: Partial<Field> = {}): Field =>
  field(name, offset, bytes, { write: "store", mask, ...changes })

/** What software writes to find the size of a ROM, of which there is none. */
const romProbes: ReadonlySet<number> = new Set([0, 0xffff_ffff, 0xffff_fffe, 0xffff_f800])

const allOnes = 0xffff_ffff
/** Bits of a BAR that an address has; the others are 0 or its type. */
const addressBits = (size: number): number => ~(size - 1) >>> 0

const header: ReadonlyArray<Field> = [
  field("vendor id", 0x00, 2, { write: "EINVAL" }),
  field("device id", 0x02, 2, { write: "EINVAL" }),
  stored("command", commandAt, 2, commandBits & ~vgaSnoop, {
    whole: true,
    accepts: (value) => (value & ~commandBits) === 0
  }),
  field("status", 0x06, 2, {}),
  field("revision", 0x08, 1, {}),
  field("class", 0x09, 3, {}),
  stored("cache line size", 0x0c, 1, 0xff),
  stored("latency timer", 0x0d, 1, 0xff),
  field("header type", 0x0e, 1, { write: "EINVAL" }),
  field("BIST", 0x0f, 1, { write: "EINVAL" }),
  stored("BAR0", 0x10, 4, addressBits(barBytes[0])),
  stored("BAR1", 0x14, 4, allOnes),
  stored("BAR2", 0x18, 4, addressBits(barBytes[2])),
  stored("BAR3", 0x1c, 4, allOnes),
  field("BAR4", 0x20, 4, {}),
  field("BAR5", 0x24, 4, {}),
  field("CardBus pointer", 0x28, 4, { write: "EINVAL" }),
  field("subsystem vendor id", 0x2c, 2, { write: "EINVAL" }),
  field("subsystem id", 0x2e, 2, { write: "EINVAL" }),
  field("expansion ROM", 0x30, 4, { whole: true, accepts: (value) => romProbes.has(value) }),
  field("capability pointer", 0x34, 1, { write: "EINVAL" }),
  stored("interrupt line", 0x3c, 1, 0xff),
  field("interrupt pin", 0x3d, 1, {}),
  field("minimal grant", 0x3e, 1, {}),
  field("maximal latency", 0x3f, 1, {})
]

const expressBytes = 0x3c
const at = (offset: number): number => capability.express + offset
/** Registers of the capability, 16 bits each, that software may change; all others of it are read-only. */
const expressControls: ReadonlyMap<number, readonly [name: string, mask: number]> = new Map([
  [0x08, ["device control", 0x7fff]],
  [0x28, ["device control 2", 0xffff]],
  [0x30, ["link control 2", 0xffff]]
])

const express: ReadonlyArray<Field> = [
  field("PCI Express header", at(0), 2, { write: "EPERM" }),
  ...Array.from({ length: (expressBytes - 2) / 2 }, (_, index) => {
    const offset = 2 * index + 2
    const control = expressControls.get(offset)
    return control === undefined
      ? field("PCI Express", at(offset), 2, { whole: true })
      : stored(control[0], at(offset), 2, control[1], { whole: true })
  })
]

const msix: ReadonlyArray<Field> = [
  field("MSI-X header", capability.msix, 2, { write: "EPERM" }),
  stored("MSI-X control", msixControlAt, 2, msixEnable | msixFunctionMask),
  field("MSI-X table", capability.msix + 4, 4, {}),
  field("MSI-X pending bits", capability.msix + 8, 4, {})
]

/** Whether writing PMCSR goes to a state that there is. */
export const isPowerState = (value: number): boolean => (value & 3) === d0 || (value & 3) === d3hot

const power: ReadonlyArray<Field> = [
  field("power management header", capability.power, 2, { write: "EPERM" }),
  field("power management capabilities", capability.power + 2, 2, { write: "ENOTSUP", whole: true }),
  // A state that there is not leaves the function as it is, and is no error: `ConfigWrite.ts`.
  stored("power management control", powerControlAt, 2, 3, { whole: true }),
  field("power management bridge support", capability.power + 6, 1, { write: "ENOTSUP" }),
  field("power management data", capability.power + 7, 1, { write: "ENOTSUP" })
]

/** Every register, by offset. What lies between them is not written. */
export const fields: ReadonlyArray<Field> = [...header, ...express, ...msix, ...power]

/** By offset: the register that a byte belongs to. */
const fieldOfByte: ReadonlyArray<Field | undefined> = (() => {
  const table = new Array<Field | undefined>(storedBytes).fill(undefined)
  for (const each of fields) table.fill(each, each.offset, each.offset + each.bytes)
  return table
})()

export const fieldAt = (offset: number): Field | undefined => fieldOfByte[offset]

/** Bits 2:1 of a memory BAR: 64 bits wide. Not prefetchable: writing a register is no writing of memory. */
const wideBar = 0x4
/** PCI Express capability 2, endpoint. */
const expressEndpoint = 0x0002
/** Device Capabilities: role-based error reporting, function level reset. */
const deviceCapabilities = 0x1000_8000
/** 16 GT/s, 16 lanes: what the link of a GEN4 device is. */
const link = 0x0104
const coprocessor = 0x0b_4000

/** Config space as the function comes up, and after every reset of it. */
export const asPoweredOn = (identity: Identity): Uint8Array => {
  const bytes = new Uint8Array(storedBytes)
  const view = new DataView(bytes.buffer)
  const u16 = (offset: number, value: number): void => view.setUint16(offset, value, true)
  const u32 = (offset: number, value: number): void => view.setUint32(offset, value, true)
  u16(0x00, identity.vendor)
  u16(0x02, identity.device)
  u16(0x06, 0x0010) // Status: there is a list of capabilities.
  u32(0x08, coprocessor * 0x100 + identity.revision)
  u32(0x10, wideBar)
  u32(0x18, wideBar)
  u16(0x2c, identity.subsystemVendor)
  u16(0x2e, identity.subsystem)
  bytes[0x34] = capability.express
  u16(at(0x00), 0x10 | (capability.msix << 8))
  u16(at(0x02), expressEndpoint)
  u32(at(0x04), deviceCapabilities)
  u32(at(0x0c), link)
  u16(at(0x12), link)
  u16(capability.msix, 0x11 | (capability.power << 8))
  u16(msixControlAt, msixVectors - 1)
  u32(capability.msix + 4, msixTableAt | msixBar)
  u32(capability.msix + 8, msixPendingAt | msixBar)
  u16(capability.power, 0x01)
  u16(capability.power + 2, 0x0003) // Version 3; D1, D2 and power management events are not there.
  u16(powerControlAt, 0x0008) // What was configured stays over D3hot.
  return bytes
}

/** The 16-bit register at an offset. */
export const wordAt = (config: Uint8Array, offset: number): number =>
  (config[offset] ?? 0) | ((config[offset + 1] ?? 0) << 8)

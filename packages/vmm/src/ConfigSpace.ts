/**
 * Config space of an attached device: its capabilities, what a driver switches on, where its BARs lie, and what a VMM restores of it on another device. Sources:
 * PCI Express base specification; `include/uapi/linux/pci_regs.h`; `vfio_pci_load_config` of QEMU `hw/vfio/pci.c`. Offsets and sizes in bytes, little endian.
 */
import { EINVAL, ENODEV } from "@stopcopy/errno"
import type { CallError, Client } from "@stopcopy/vfio-user"
import { Effect, type Scope } from "effect"
import type { AccessError, Attachment } from "./Attachment.ts"
import { because, hex } from "./internal/words.ts"

/** Config space as VFIO numbers regions. */
export const configRegion = 7
/** The part of it in which capabilities lie. */
const headBytes = 256

export const commandAt = 0x04
const memorySpace = 0x2
export const busMaster = 0x4
const barsAt = 0x10
const lastBar = 5
const wideBar = 0x4
const barTypeBits = 0xf
const capabilitiesAt = 0x34

/** Ids of capabilities. */
export const capabilityIds = { express: 0x10, msix: 0x11 } as const

/** PCI Express: Device Capabilities with Function Level Reset, Device Control with Initiate Function Level Reset. */
const deviceCapabilities = 0x04
const hasFunctionReset = 1 << 28
const deviceControl = 0x08
const initiateReset = 0x8000
/** 16-bit registers of PCI Express that software sets: Device Control, Link Control, and their second ones. */
const expressControls: ReadonlyArray<number> = [deviceControl, 0x10, 0x28, 0x30]

const msixControl = 0x02
const msixEnable = 0x8000
const msixSizeBits = 0x7ff
const msixEntryBytes = 16
const wordBytes = 4

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Where a capability begins; undefined: the function has none of this id. */
export const findCapability = (config: Uint8Array, id: number): number | undefined => {
  // A list that runs in a circle ends after as many steps as there is room for capabilities.
  let at = (config[capabilitiesAt] ?? 0) & 0xfc
  for (let steps = 0; at !== 0 && steps < headBytes / 4; steps++) {
    if (config[at] === id) return at
    at = (config[at + 1] ?? 0) & 0xfc
  }
  return undefined
}

/** The MSI-X table: its entries, the BAR it is in, and where. */
export interface MsixTable {
  readonly control: number
  readonly entries: number
  readonly bar: number
  readonly offset: number
}

export const findMsix = (config: Uint8Array): MsixTable | undefined => {
  const at = findCapability(config, capabilityIds.msix)
  if (at === undefined) return undefined
  const table = viewOf(config).getUint32(at + 4, true)
  const size = viewOf(config).getUint16(at + msixControl, true) & msixSizeBits
  return { control: at + msixControl, entries: size + 1, bar: table & 7, offset: table - (table & 7) }
}

export const readConfig = (attachment: Attachment): Effect.Effect<Uint8Array, AccessError> =>
  attachment.read(configRegion, 0, headBytes)

/** Memory and bus master on, and MSI-X if there is any: what drivers do first. */
export const enable = (attachment: Attachment): Effect.Effect<void, AccessError> =>
  Effect.gen(function* () {
    const config = yield* readConfig(attachment)
    const command = viewOf(config).getUint16(commandAt, true)
    yield* attachment.write16(configRegion, commandAt, command | memorySpace | busMaster)
    const table = findMsix(config)
    if (table === undefined) return
    const control = viewOf(config).getUint16(table.control, true)
    yield* attachment.write16(configRegion, table.control, control | msixEnable)
  })

const noReset = (name: string): ENODEV =>
  new ENODEV(because("config.reset", "the function has a function level reset", name, "none", "one", "use reset"))

/** A function level reset. Config space is as it comes up afterwards; `ENODEV` where the function has none. */
export const functionReset = (attachment: Attachment): Effect.Effect<void, AccessError> =>
  Effect.gen(function* () {
    const config = yield* readConfig(attachment)
    const at = findCapability(config, capabilityIds.express)
    if (at === undefined || (viewOf(config).getUint32(at + deviceCapabilities, true) & hasFunctionReset) === 0) {
      return yield* noReset(attachment.name)
    }
    const control = viewOf(config).getUint16(at + deviceControl, true)
    yield* attachment.write16(configRegion, at + deviceControl, control | initiateReset)
  })

const noBar = (attachment: Attachment, bar: number, address: bigint): EINVAL =>
  new EINVAL(
    because(
      "config.bar",
      "a BAR is there, and lies at a multiple of its size",
      attachment.name,
      `BAR${bar} at ${hex(address)}`,
      `${attachment.regionBytes(bar)} bytes`,
      "take a BAR of the device, and an aligned address"
    )
  )

/**
 * Places a BAR at a guest physical address until the scope ends: writes it into config space, and opens a window there for the DMA of other devices. `EINVAL` for
 * a BAR that is not there or an address that is not aligned, `EEXIST` where something is already.
 */
export const placeBar = (
  attachment: Attachment,
  bar: number,
  address: bigint
): Effect.Effect<void, AccessError | CallError, Scope.Scope> =>
  Effect.gen(function* () {
    const size = attachment.regionBytes(bar)
    if (bar > lastBar || size === 0 || address % BigInt(size) !== 0n) return yield* noBar(attachment, bar, address)
    const at = barsAt + 4 * bar
    const type = (yield* attachment.read32(configRegion, at)) & barTypeBits
    yield* attachment.write32(configRegion, at, Number(address & 0xffff_ffffn))
    if ((type & wideBar) !== 0) yield* attachment.write32(configRegion, at + 4, Number(address >> 32n))
    yield* attachment.space.addWindow(address, size, {
      name: `${attachment.name} BAR${bar}`,
      read: (offset, length) => attachment.read(bar, offset, length),
      write: (offset, bytes) => attachment.write(bar, offset, bytes)
    })
  })

/** What the VMM carries of a device beside its migration data. */
export interface SavedConfig {
  readonly config: Uint8Array
  readonly msixTable: Uint8Array
}

/** Reads what `restoreConfig` restores. */
export const saveConfig = (client: Client): Effect.Effect<SavedConfig, CallError> =>
  Effect.gen(function* () {
    const config = yield* client.readRegion(configRegion, 0, headBytes)
    const table = findMsix(config)
    if (table === undefined) return { config, msixTable: new Uint8Array(0) }
    // Entries are read word by word: that is how wide BARs are.
    const offsets = Array.from(
      { length: (table.entries * msixEntryBytes) / wordBytes },
      (_, index) => index * wordBytes
    )
    const words = yield* Effect.forEach(offsets, (at) => client.readWord(table.bar, table.offset + at, wordBytes), {
      concurrency: "unbounded"
    })
    const msixTable = new DataView(new ArrayBuffer(words.length * wordBytes))
    for (const [index, word] of words.entries()) msixTable.setUint32(index * wordBytes, word, true)
    return { config, msixTable: new Uint8Array(msixTable.buffer) }
  })

/** Places in config space that software sets, with their widths, in the order in which they are restored: the command register is last. */
const settings = (config: Uint8Array): ReadonlyArray<readonly [offset: number, width: 2 | 4]> => {
  const express = findCapability(config, capabilityIds.express)
  const bars = Array.from({ length: lastBar + 1 }, (_, bar) => [barsAt + 4 * bar, 4] as const)
  const controls = express === undefined ? [] : expressControls.map((offset) => [express + offset, 2] as const)
  const table = findMsix(config)
  const msix = table === undefined ? [] : [[table.control, 2] as const]
  return [...bars, ...controls, ...msix, [commandAt, 2]]
}

const wordAt = (bytes: Uint8Array, offset: number, width: 2 | 4): number =>
  width === 2 ? viewOf(bytes).getUint16(offset, true) : viewOf(bytes).getUint32(offset, true)

const restoreTable = (client: Client, table: MsixTable, there: Uint8Array, saved: Uint8Array) =>
  Effect.gen(function* () {
    for (let at = 0; at < saved.length; at += wordBytes) {
      const word = wordAt(saved, at, wordBytes)
      if (word === wordAt(there, at, wordBytes)) continue
      yield* client.writeWord(table.bar, table.offset + at, wordBytes, word)
    }
  })

/** Makes the config space and MSI-X table of a device like those that were saved; only what differs is written. */
export const restoreConfig = (client: Client, saved: SavedConfig): Effect.Effect<void, CallError> =>
  Effect.gen(function* () {
    const there = yield* saveConfig(client)
    const table = findMsix(there.config)
    if (table !== undefined) yield* restoreTable(client, table, there.msixTable, saved.msixTable)
    for (const [offset, width] of settings(saved.config)) {
      const word = wordAt(saved.config, offset, width)
      if (word !== wordAt(there.config, offset, width)) yield* client.writeWord(configRegion, offset, width, word)
    }
  })

/** Applies one event to the PCI side of a VF. Total: an event is a fact, whatever today's rules say. */
import { asPoweredOn, storedBytes } from "./ConfigLayout.ts"
import type { PciEvent } from "./Event.ts"
import { initial, type Pci, type TableEntry, untouched } from "./State.ts"

const withBytes = (config: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array => {
  const next = config.slice()
  next.set(bytes.subarray(0, storedBytes - offset), offset)
  return next
}

const withWord = (entry: TableEntry | null | undefined, word: number, value: number): TableEntry => {
  const [low, high, data, control] = entry ?? untouched
  return [word === 0 ? value : low, word === 1 ? value : high, word === 2 ? value : data, word === 3 ? value : control]
}

const cleared = (pci: Pci): Pci => ({
  ...pci,
  config: pci.identity === null ? initial.config : asPoweredOn(pci.identity),
  table: initial.table
})

export const evolve = (pci: Pci, event: PciEvent): Pci => {
  switch (event._tag) {
    case "PoweredOn":
      return { ...cleared({ ...pci, identity: event.identity }), resetting: false }
    case "ConfigWritten":
      return { ...pci, config: withBytes(pci.config, event.offset, event.bytes) }
    case "TableWritten": {
      const { value, vector, word } = event
      return {
        ...pci,
        table: pci.table.map((entry, index) => (index === vector ? withWord(entry, word, value) : entry))
      }
    }
    case "FunctionResetBegun":
      return { ...cleared(pci), resetting: true, resets: pci.resets + 1 }
    case "FunctionResetEnded":
      return { ...pci, resetting: false }
    case "PciRefused":
      return pci
  }
}

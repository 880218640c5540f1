/**
 * The PCI side of a VF as an actor: every command to its rule. Its stream is `pci/NAME`, beside that of its VF. Source: `docs/architecture.md`, "Who
 * decides what".
 *
 * A migration carries the driver's block and nothing of this: config space of the destination is restored by the VMM, which has kept it for
 * its guest anyway, as QEMU does.
 */
import { EINVAL, ENODEV, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { Equal, Data } from "effect"
import { fromErrno } from "../Failure.ts"
import { because, hex } from "../Refusals.ts"
import { PciCommand } from "./Command.ts"
import { type Identity, msixEntryBytes, msixVectors } from "./ConfigLayout.ts"
import { writeConfig } from "./ConfigWrite.ts"
import { PciEvent } from "./Event.ts"
import { evolve } from "./Evolve.ts"
import { initial, Pci, untouched } from "./State.ts"

export { PciCommand, PciEvent, Pci, initial, evolve }

type Decision = Behavior.Decision<PciEvent, void, Errno>

const accept = (events: ReadonlyArray<PciEvent>): Decision => Behavior.accept(events, undefined)

const refuse = (operation: string, error: Errno, before: ReadonlyArray<PciEvent> = []): Decision =>
  Behavior.refuse([...before, { _tag: "PciRefused", operation, failure: fromErrno(error) }], error)

const notThere = (): ENODEV =>
  new ENODEV(
    because("pci.power", "the function is powered on", "PCI function", "off", "on", "make the device of the VF first")
  )

const outsideTable = (offset: number): EINVAL =>
  new EINVAL(
    because(
      "msix.table",
      "the MSI-X table is written by words",
      "MSI-X table",
      hex(offset),
      `0x0..${hex(msixVectors * msixEntryBytes - 4)}, a multiple of 4`,
      "write a word of an entry"
    )
  )

const isSame = (one: Identity, other: Identity): boolean => Equal.equals(Data.struct(one), Data.struct(other))

const powerOn = ({ identity: before }: Pci, identity: Identity): Decision =>
  accept(before !== null && isSame(before, identity) ? [] : [{ _tag: "PoweredOn", identity }])

const onWriteConfig = ({ config }: Pci, offset: number, bytes: Uint8Array): Decision => {
  const { changes, failure, resets } = writeConfig(config, offset, bytes)
  const events: Array<PciEvent> = changes.map((change) => ({ _tag: "ConfigWritten", ...change }))
  if (failure !== undefined) return refuse("config write", failure, events)
  if (resets) events.push({ _tag: "FunctionResetBegun" })
  return accept(events)
}

/** Bits of each word of a table entry that there are: an address is a multiple of 4, vector control has the mask alone. */
const tableBits = [0xffff_fffc, 0xffff_ffff, 0xffff_ffff, 0x1] as const

const writeTable = ({ table }: Pci, offset: number, value: number): Decision => {
  const bits = tableBits[(offset % msixEntryBytes) / 4]
  if (offset < 0 || offset >= msixVectors * msixEntryBytes || bits === undefined) {
    return refuse("MSI-X table write", outsideTable(offset))
  }
  const [vector, word] = [Math.floor(offset / msixEntryBytes), (offset % msixEntryBytes) / 4]
  const after = (value & bits) >>> 0
  // The first write to an entry counts whatever it holds: from then on the entry masks (S2 of `State.ts`).
  const same = (table[vector] ?? null) !== null && (table[vector] ?? untouched)[word] === after
  return accept(same ? [] : [{ _tag: "TableWritten", vector, word, value: after }])
}

export const decide = (state: Pci, command: PciCommand): Decision => {
  if (command._tag === "PowerOn") return powerOn(state, command.identity)
  if (state.identity === null) return refuse(command._tag, notThere())
  switch (command._tag) {
    case "WriteConfig":
      return onWriteConfig(state, command.offset, command.bytes)
    case "WriteTable":
      return writeTable(state, command.offset, command.value)
    case "BeginReset":
      return accept(state.resetting ? [] : [{ _tag: "FunctionResetBegun" }])
    case "EndReset":
      return accept(state.resetting ? [{ _tag: "FunctionResetEnded" }] : [])
  }
}

/** The stream of the PCI side of a VF is `pci/NAME`. */
export const behavior: Behavior.Behavior<Pci, PciCommand, PciEvent, void, Errno> = Behavior.make({
  name: "pci",
  version: 1,
  state: Pci,
  command: PciCommand,
  event: PciEvent,
  initial,
  decide,
  evolve
})

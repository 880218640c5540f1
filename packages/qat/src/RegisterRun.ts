/**
 * Register writes of a guest, many at once, on one copy of the registers: those that do nothing besides. It is what `Vf.ts` decides one by one, and tests hold
 * the two against each other.
 */
import type { Behavior } from "@stopcopy/runtime"
import { catchUp } from "./DeviceEvolve.ts"
import * as Interrupts from "./Interrupts.ts"
import { atBar0, type Bar0Register, writeBar0 } from "./RegisterAccess.ts"
import { misc, type RegisterFile } from "./RegisterFile.ts"
import { barBytes, receive } from "./Registers.ts"
import type { VfAnswer } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
import { engineBank } from "./VfDevice.ts"
import type { VfEvent } from "./VfEvent.ts"
import type { Vf } from "./VfState.ts"

type Write = Extract<VfCommand, { readonly _tag: "WriteRegister" }>

const done: VfAnswer = { _tag: "Done" }

/** A write to a register of BAR0 that exists there, with a value that it holds. */
const isPlain = ({ bar, offset, value }: Write): boolean =>
  bar === 0 &&
  offset >= 0 &&
  offset % 4 === 0 &&
  offset + 4 <= barBytes[0] &&
  Number.isInteger(value) &&
  value >= 0 &&
  value <= 0xffff_ffff

/** Whether a write changes more of a device than its registers, or asks for an interrupt again. */
const doesMore = (register: Bar0Register | undefined, value: number): boolean => {
  if (register === undefined) return false
  if (register.kind === "csr") return register.name === "INT_FLAG" && value !== 0
  return register.name !== "HEAD" && register.name !== "TAIL"
}

/** Whether the bank's interrupt may be given: it asks, and is not masked. */
const asks = (file: RegisterFile, bank: number): boolean =>
  Interrupts.line(file, bank) && (misc(file, "VINTMSK") & (1 << bank)) === 0

/** Writes to a device's registers; false, with the write done, if it asks for an interrupt that was not asked for before. */
const written = (
  state: Vf,
  file: RegisterFile,
  register: Bar0Register | undefined,
  { offset, value }: Write
): boolean => {
  if (state.device === undefined || register === undefined) {
    writeBar0(file, state.registerModel, offset, value)
    return true
  }
  const { bank } = register
  const before = asks(file, bank)
  if (register.kind === "ring" && register.ring === receive && register.name === "HEAD") {
    catchUp(file, bank, engineBank(state.device, bank), value)
  }
  writeBar0(file, "device", offset, value)
  return before || !asks(file, bank)
}

/** Applies commands from `from` on to a copy of the registers, at most `most`, with their events; false if the one behind those has touched the copy. */
const apply = (
  state: Vf,
  file: RegisterFile,
  commands: ReadonlyArray<VfCommand>,
  from: number,
  most: number,
  events: Array<VfEvent>
): boolean => {
  for (let at = from; at < commands.length && events.length < most; at++) {
    const command = commands[at]
    if (command?._tag !== "WriteRegister" || !isPlain(command)) return true
    const { bar, offset, value } = command
    const register = atBar0(offset)
    if (state.device !== undefined && doesMore(register, value)) return true
    if (!written(state, file, register, command)) return false
    events.push({ _tag: "RegisterWritten", bar, offset, value })
  }
  return true
}

/** The run of register writes that begins at `from`; undefined if there is none. */
export const run = (
  state: Vf,
  commands: ReadonlyArray<VfCommand>,
  from: number
): Behavior.Run<Vf, VfEvent, VfAnswer> | undefined => {
  if (state.lifecycle !== "open" || commands[from]?._tag !== "WriteRegister") return undefined
  let file = state.registers.slice()
  let events: Array<VfEvent> = []
  if (!apply(state, file, commands, from, Infinity, events)) {
    // The write behind these raises an interrupt: a turn of its own, so these are done again without it.
    const most = events.length
    file = state.registers.slice()
    events = []
    apply(state, file, commands, from, most, events)
  }
  return events.length === 0 ? undefined : { events, answer: done, state: { ...state, registers: file } }
}

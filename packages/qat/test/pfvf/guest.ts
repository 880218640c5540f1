/** A guest at the mailbox of an emulated VF: it writes a word, finds the answer, and acknowledges it as drivers do. */
import { RegisterFile, type Compatibility } from "@stopcopy/qat"
import * as Vf from "../driver/vf.ts"

/** A VF of the register model `device`, open. */
export const opened = (changes: Partial<Vf.Probe> = {}): Vf.At => Vf.opened({ registerModel: "device", ...changes })

/** What the PF of the worked exchange offers. */
export const facts: Compatibility.PfFacts = { ...Vf.facts, svcmap: 0x71c, gencap: 0x0400_0021, extdc: 0x101 }

/** A write to VM2PF. */
export const write = (at: Vf.At, value: number, pf: Partial<Compatibility.PfFacts> = {}) =>
  at.when({ _tag: "WriteMailbox", value, pf: { ...facts, ...pf } })

export const pf2vm = ({ state }: Vf.At): number => RegisterFile.misc(state.registers, "PF2VM")
export const vm2pf = ({ state }: Vf.At): number => RegisterFile.misc(state.registers, "VM2PF")

/** The guest has read PF2VM: writes it with bit 0 clear, or whatever else it writes there. */
export const acknowledge = (at: Vf.At, value = (pf2vm(at) & ~1) >>> 0) =>
  at.when({ _tag: "WriteRegister", bar: 2, offset: 0x1008, value })

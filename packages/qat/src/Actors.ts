/** The actors that a driver works with, as its modules name them. */
import type { Errno } from "@stopcopy/errno"
import type { Actor, Bound } from "@stopcopy/runtime"
import type { Pci, PciCommand } from "./pci/Pci.ts"
import type { Pf, PfCommand } from "./Pf.ts"
import type { VfAnswer } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
import type { Vf } from "./VfState.ts"

export type PfActor = Actor<Pf, PfCommand, void, Errno>
export type VfActor = Actor<Vf, VfCommand, VfAnswer, Errno>
/** A VF for the callbacks of a socket. */
export type BoundVf = Bound<VfCommand, VfAnswer, Errno>
export type PciActor = Actor<Pci, PciCommand, void, Errno>

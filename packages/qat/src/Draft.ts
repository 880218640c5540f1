/**
 * What one turn has copied of its VF and changes in place from then on: the first event of a turn copies, those behind it do not. Nobody else sees a draft before
 * its turn is over, and nothing changes it afterwards.
 */
import type { RegisterFile } from "./RegisterFile.ts"
import type { Vf } from "./VfState.ts"

export type Writable = { -readonly [Field in keyof Vf]: Vf[Field] }

export class Draft {
  private vf: Writable | undefined
  private registers: RegisterFile | undefined
  private block: Vf["block"] | undefined

  /** The state to change: `state` itself if it is this draft's, else a copy. */
  of(state: Vf): Writable {
    if (this.vf === state) return this.vf
    const vf: Writable = { ...state }
    this.vf = vf
    return vf
  }

  /** The registers of `vf`, which is this draft's, to change. */
  registersOf(vf: Writable): RegisterFile {
    if (this.registers !== vf.registers) this.registers = vf.registers = vf.registers.slice()
    return vf.registers
  }

  /** The migration block of `vf`, which is this draft's, to change. */
  blockOf(vf: Writable): Vf["block"] {
    if (this.block !== vf.block) this.block = vf.block = vf.block.slice()
    return vf.block
  }
}

/** A load's effects on a copy of the device: every write in order, and what reads see after it. */
import type { Sla } from "./mstate/Block.ts"
import type { LoadTarget } from "./mstate/Load.ts"
import { readCsr, writeCsr, writeRing } from "./RegisterAccess.ts"
import { pokeMisc, type RegisterFile, type RegisterModel } from "./RegisterFile.ts"
import { bankStride, csrIndex, csrs, miscIndex, miscRegisters, ringOffset } from "./Registers.ts"
import type { RegisterWrite } from "./VfEvent.ts"

interface RegisterTrace {
  readonly file: RegisterFile
  readonly model: RegisterModel
  readonly writes: Array<RegisterWrite>
  init: number | null
  compatVersion: number | null
}

/** An empty trace over a copy of `file`. */
export const collect = (file: RegisterFile, model: RegisterModel): RegisterTrace => ({
  file: file.slice(),
  model,
  writes: [],
  init: null,
  compatVersion: null
})

/** The trace as the target of a load; `slas` are those of the destination VF. */
export const target = (trace: RegisterTrace, slas: ReadonlyArray<Sla>): LoadTarget => ({
  slas,
  setInit: (value) => {
    trace.init = value
  },
  setCompatVersion: (value) => {
    trace.compatVersion = value
  },
  writeMisc: (name, value) => {
    trace.writes.push([1, miscRegisters[miscIndex[name]].offset, value])
    pokeMisc(trace.file, name, value)
  },
  bank: (index) => ({
    readCsr: (name) => readCsr(trace.file, trace.model, index, name),
    writeCsr: (name, value) => {
      trace.writes.push([0, index * bankStride + csrs[csrIndex[name]].offset, value])
      writeCsr(trace.file, trace.model, index, name, value)
    },
    writeRing: (ring, name, value) => {
      trace.writes.push([0, index * bankStride + ringOffset(name, ring), value])
      writeRing(trace.file, trace.model, index, ring, name, value)
    }
  })
})

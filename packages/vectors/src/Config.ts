/**
 * The device of the vectors: a VF in kernel mode whose registers are plain memory, configured as a case says. Source: the
 * README beside the vectors, "Device configuration object".
 */
import {
  type Compatibility,
  opNames,
  type Pf,
  RegisterFile,
  Registers,
  type VfCommand,
  type VfState
} from "@stopcopy/qat"
import { Schema } from "effect"

const Ring = Schema.Struct({ base: Schema.BigInt, config: Schema.Int, head: Schema.Int, tail: Schema.Int })

/** What a case shows of the device at its end; every configuration has it too. */
export const Device = Schema.Struct({
  init: Schema.Int,
  compat_ver: Schema.Int,
  misc: Schema.Struct({
    vintsou: Schema.Int,
    vintmsk: Schema.Int,
    vintsou_pf2vm: Schema.Int,
    vintmsk_pf2vm: Schema.Int,
    pf2vm: Schema.Int,
    vm2pf: Schema.Int
  }),
  /** `csr`: 16 values in the order of `Registers.csrs`. */
  banks: Schema.Array(Schema.Struct({ csr: Schema.Array(Schema.Int), rings: Schema.Array(Ring) }))
})
export type Device = typeof Device.Type

const Sla = Schema.Struct({
  srv: Schema.Int,
  cir: Schema.Int,
  pir: Schema.Int,
  /** Ring pairs of the whole device. */
  rps: Schema.Array(Schema.Int)
})

export const Config = Schema.Struct({
  ...Device.fields,
  vf_nr: Schema.Int,
  gencap: Schema.Int,
  extdc: Schema.Int,
  svcmap: Schema.Int,
  rate_limiting: Schema.Boolean,
  slas: Schema.Array(Sla)
})
export type Config = typeof Config.Type

/** A 4096-byte block from hex without its trailing zeroes. */
export const blockFromHex = (hex: string): Uint8Array => {
  const block = new Uint8Array(4096)
  for (let index = 0; index * 2 < hex.length; index++) {
    block[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16)
  }
  return block
}

/** The registers that a configuration preloads. */
const registersOf = (config: Device): RegisterFile.RegisterFile => {
  const file = RegisterFile.reset()
  for (const [bank, { csr, rings }] of config.banks.entries()) {
    for (const [index, { name }] of Registers.csrs.entries()) RegisterFile.pokeCsr(file, bank, name, csr[index] ?? 0)
    for (const [index, ring] of rings.entries()) {
      RegisterFile.pokeRing(file, bank, index, "LBASE", Number(ring.base & 0xffff_ffffn))
      RegisterFile.pokeRing(file, bank, index, "UBASE", Number(ring.base >> 32n))
      RegisterFile.pokeRing(file, bank, index, "CONFIG", ring.config)
      RegisterFile.pokeRing(file, bank, index, "HEAD", ring.head)
      RegisterFile.pokeRing(file, bank, index, "TAIL", ring.tail)
    }
  }
  const { misc } = config
  RegisterFile.pokeMisc(file, "VINTSOU", misc.vintsou)
  RegisterFile.pokeMisc(file, "VINTMSK", misc.vintmsk)
  RegisterFile.pokeMisc(file, "VINTSOUPF2VM", misc.vintsou_pf2vm)
  RegisterFile.pokeMisc(file, "VINTMSKPF2VM", misc.vintmsk_pf2vm)
  RegisterFile.pokeMisc(file, "PF2VM", misc.pf2vm)
  RegisterFile.pokeMisc(file, "VM2PF", misc.vm2pf)
  return file
}

/** The device of a state in the words of the vectors. */
export const deviceOf = ({ compatVersion, init, registers }: VfState.Vf): Device => ({
  init,
  compat_ver: compatVersion,
  misc: {
    vintsou: RegisterFile.misc(registers, "VINTSOU"),
    vintmsk: RegisterFile.misc(registers, "VINTMSK"),
    vintsou_pf2vm: RegisterFile.misc(registers, "VINTSOUPF2VM"),
    vintmsk_pf2vm: RegisterFile.misc(registers, "VINTMSKPF2VM"),
    pf2vm: RegisterFile.misc(registers, "PF2VM"),
    vm2pf: RegisterFile.misc(registers, "VM2PF")
  },
  banks: Array.from({ length: Registers.banksPerVf }, (_, bank) => ({
    csr: Registers.csrs.map(({ name }) => RegisterFile.csr(registers, bank, name)),
    rings: [0, 1].map((ring) => ({
      base: RegisterFile.ringBase(registers, bank, ring),
      config: RegisterFile.ringRegister(registers, bank, ring, "CONFIG"),
      head: RegisterFile.ringRegister(registers, bank, ring, "HEAD"),
      tail: RegisterFile.ringRegister(registers, bank, ring, "TAIL")
    }))
  }))
})

/** The PF of a configuration, as its `Configure` command has it. */
export const pfOf = (config: Config): Extract<Pf.PfCommand, { readonly _tag: "Configure" }> => ({
  _tag: "Configure",
  deviceId: 0x4940,
  gencap: config.gencap,
  svcmap: config.svcmap,
  extdc: config.extdc,
  rateLimiting: config.rate_limiting,
  slas: config.slas.map((sla) => ({
    service: sla.srv,
    ringPairMask: sla.rps.reduce((mask, pair) => mask | (1n << BigInt(pair)), 0n),
    cir: sla.cir,
    pir: sla.pir
  }))
})

/** The PF's values, as a VF's commands carry them. */
export const factsOf = (config: Config): Compatibility.PfFacts => {
  const { _tag, deviceId: _deviceId, ...facts } = pfOf(config)
  return { version: 1, ...facts }
}

/** Binds the driver to the configured VF without any failing step. */
export const probeOf = (config: Config): Extract<VfCommand, { readonly _tag: "Probe" }> => ({
  _tag: "Probe",
  vendor: 0x8086,
  deviceId: 0x4941,
  mode: "kernel",
  registerModel: "memory",
  registers: registersOf(config),
  init: config.init,
  compatVersion: config.compat_ver,
  coreInit: 0,
  vfIndex: config.vf_nr,
  pfOps: opNames,
  allocateDevice: 0,
  allocateBlock: 0,
  register: 0
})

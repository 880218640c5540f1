/** A block for every rule: everything right but that one, and the refusal it must get, in full but for its words. */
import { type Compatibility, encodeBlock, RegisterFile, Registers } from "@stopcopy/qat"
import { restoredMisc } from "../../src/mstate/Load.ts"
import { sampleBlock, samplePf } from "./Sample.ts"
import { edited, resized, without } from "./Sections.ts"

/** Who finds it. `load` only: needs the device, or more bytes. `decode` only: strict where a load is not. */
type Finder = "decode" | "validate" | "load"

export interface Broken {
  readonly code: string
  readonly where: string
  readonly source: string
  readonly destination: string
  readonly bytes: Uint8Array
  /** Bytes that have arrived, for a load. */
  readonly length?: number
  readonly pf?: Compatibility.PfFacts
  /** A destination of plain memory, where the device has something to say. */
  readonly memory?: RegisterFile.RegisterFile
  readonly by: ReadonlyArray<Finder>
}

const everyone = ["decode", "validate", "load"] as const
const judges = ["validate", "load"] as const

const slas = 2
/** SLAs move what stands behind them; the state part ends at 2388. */
const more = 24 * slas
const good = (): Uint8Array => encodeBlock(sampleBlock(slas))

const patched = (change: (view: DataView) => void): Uint8Array => {
  const bytes = good()
  change(new DataView(bytes.buffer))
  return bytes
}
const word = (at: number, value: number): Uint8Array => patched((view) => view.setUint32(at, value, true))
const half = (at: number, value: number): Uint8Array => patched((view) => view.setUint16(at, value, true))

const row = (
  code: string,
  where: string,
  [source, destination]: readonly [source: string, destination: string],
  bytes: Uint8Array,
  by: ReadonlyArray<Finder> = everyone
): Broken => ({ code: `mstate.${code}`, where, source, destination, bytes, by })

const preambles = (part: "setup" | "state", at: number, size: number): ReadonlyArray<Broken> => [
  row(`${part}.magic`, `${part} preamble at offset ${at}`, ["0xadf5caeb", "0xadf5caea"], word(at, 0xadf5_caeb)),
  row(`${part}.version`, `${part} preamble at offset ${at + 4}`, ["2", "1"], word(at + 4, 2)),
  row(
    `${part}.length`,
    `${part} preamble at offset ${at + 8}`,
    [`${size + 1} bytes`, `${size} bytes`],
    // The setup part is as long as it says, so its size must make up for the longer preamble.
    patched((view) => {
      view.setUint16(at + 8, size + 1, true)
      if (part === "setup") view.setUint32(at + 12, 0xffff_ffff, true)
    })
  )
]

const structure: ReadonlyArray<Broken> = [
  ...preambles("setup", 0, 90),
  ...preambles("state", 90, 4006),
  row("setup.size", "setup preamble at offset 12", ["4097 bytes", "4096 bytes"], word(12, 4081)),
  row("state.room", "state preamble at offset 4081", ["15 bytes left", "16 bytes"], word(12, 4065)),
  row("section.header", "setup, section 1 of 2 at offset 90", ["ends at 106", "end of the part is 90"], half(10, 2)),
  row("section.bounds", "setup/CONFIG at offset 16", ["ends at 91", "end of the part is 90"], word(24, 59)),
  row("section.bounds", "CONFIG/extdc at offset 70", ["ends at 91", "end of the part is 90"], word(78, 5)),
  row("section.bounds", "state/ETRBAR at offset 356", ["ends at 4097", "end of the part is 4096"], word(364, 3725)),
  row(
    "section.header",
    "CONFIG/gencap, section 0 of 1 at offset 48",
    ["ends at 64", "end of the part is 52"],
    word(44, 1)
  ),
  row(
    "section.header",
    "CONFIG/gencap, section 0 of 4294967295 at offset 48",
    ["ends at 64", "end of the part is 52"],
    word(44, 0xffff_ffff)
  )
]

/** What has not arrived: a reader of a whole block and a load that may get more say it differently. */
const unfinished: ReadonlyArray<Broken> = [
  row("block.short", "setup preamble at offset 15", ["15 bytes", "at least 16 bytes"], good().slice(0, 15), [
    "decode",
    "validate"
  ]),
  row("block.short", "setup part at offset 89", ["89 bytes", "at least 90 bytes"], good().slice(0, 89), [
    "decode",
    "validate"
  ]),
  row(
    "block.short",
    "state preamble at offset 105",
    ["105 bytes", "at least 106 bytes"],
    good().slice(0, 105),
    everyone
  ),
  { ...row("setup.incomplete", "setup preamble", ["15 bytes so far", "16 bytes"], good(), ["load"]), length: 15 },
  { ...row("setup.incomplete", "setup part", ["89 bytes so far", "90 bytes"], good(), ["load"]), length: 89 }
]

const restored = restoredMisc.map(([, leaf]) => leaf)
const banks = [0, 1, 2, 3]

const missing: ReadonlyArray<Broken> = [
  ...["CONFIG", "GENER", "MISCBAR", "ETRBAR"].map(
    (id) => [id, `${id === "CONFIG" ? "setup" : "state"}/${id}`] as const
  ),
  ...["gencap", "svcmap", "extdc"].map((id) => [`CONFIG/${id}`, `CONFIG/${id}`] as const),
  ...["iovinit", "compver", "sla"].map((id) => [`GENER/${id}`, `GENER/${id}`] as const),
  ...restored.map((id) => [`MISCBAR/${id}`, `MISCBAR/${id}`] as const),
  ...banks.flatMap((bank) => [`ETRBAR/bnk${bank}`, `ETRBAR/bnk${bank}/mregs`].map((path) => [path, path] as const))
].map(([path, where]) => {
  const id = (path.split("/").at(-1) ?? "").replace(/\d$/, "").toLowerCase()
  return row(`${id}.missing`, where, ["absent", "required"], without(good(), path))
})

const sized = (path: string, size: number, wanted: string, by: ReadonlyArray<Finder>): Broken =>
  row(`${path.split("/").at(-1)}.size`, path, [`${size} bytes`, wanted], resized(good(), path, size), by)

const sizes: ReadonlyArray<Broken> = [
  ...["gencap", "svcmap", "extdc"].map((id) => sized(`CONFIG/${id}`, 9, "at most 8 bytes", judges)),
  ...["iovinit", "compver"].flatMap((id) => [0, 2].map((size) => sized(`GENER/${id}`, size, "1 bytes", everyone))),
  ...restored.flatMap((id) => [3, 5].map((size) => sized(`MISCBAR/${id}`, size, "4 bytes", everyone))),
  ...banks.map((bank) => sized(`ETRBAR/bnk${bank}/mregs`, 135, "at least 136 bytes", everyone)),
  ...["visrc", "vispv"].map((id) => sized(`MISCBAR/${id}`, 5, "4 bytes", ["decode"])),
  ...["visrc", "vispv"].map((id) =>
    row(`${id}.missing`, `MISCBAR/${id}`, ["absent", "required"], without(good(), `MISCBAR/${id}`), ["decode"])
  ),
  sized("GENER/sla", 47, "0 to 4 records of 24 bytes", ["decode"])
]

const withSla = (change: Partial<(typeof samplePf.slas)[number]>): Compatibility.PfFacts => ({
  ...samplePf,
  slas: samplePf.slas.map((sla, index) => (index === 1 ? { ...sla, ...change } : sla))
})
const against = (pf: Compatibility.PfFacts, broken: Broken): Broken => ({ ...broken, pf })

const compatibility: ReadonlyArray<Broken> = [
  row("gencap.superset", "CONFIG/gencap", ["0x1000061", "0x1000021"], word(48, 0x0100_0061), judges),
  row("svcmap.equal", "CONFIG/svcmap", ["0x71d", "0x71c"], half(68, 0x71d), judges),
  row("extdc.superset", "CONFIG/extdc", ["0x7", "0x3"], word(86, 7), judges),
  against(
    withSla({ ringPairMask: 0x6000n }),
    row(
      "sla.absent",
      "GENER/sla[1]",
      [
        "service 0 on ring pairs 0x2000",
        "service 1 on ring pairs 0x11000, service 0 on ring pairs 0x6000, service 2 on ring pairs 0x4000, service 3 on ring pairs 0x8000"
      ],
      good(),
      judges
    )
  ),
  against(withSla({ cir: 99 }), row("sla.cir", "GENER/sla[1]", ["100", "99"], good(), judges)),
  against(withSla({ pir: 99 }), row("sla.pir", "GENER/sla[1]", ["100", "99"], good(), judges))
]

/** Status registers: where their word stands in the record of a bank. A bit that no ring has is never set on load. */
const statuses = [
  ["STAT", 0],
  ["E_STAT", 12],
  ["NE_STAT", 16],
  ["NF_STAT", 20],
  ["F_STAT", 24],
  ["C_STAT", 28]
] as const

const pending = RegisterFile.reset()
RegisterFile.pokeCsr(pending, 0, "EXP_STAT", 0x5)

const device: ReadonlyArray<Broken> = [
  ...statuses.map(([name, offset]) => {
    const own = sampleBlock(slas).state.banks[2].csrs[Registers.csrIndex[name]] ?? 0
    const saved = own + 0x100
    const at = 356 + more + 504 * 2 + offset
    const values = [`0x${saved.toString(16)}`, `0x${own.toString(16)}`] as const
    return row(`bank.${name.toLowerCase()}`, `ETRBAR/bnk2/mregs ${name}`, values, word(at, saved), ["load"])
  }),
  { ...row("bank.exception", "ETRBAR/bnk0/mregs EXP_STAT", ["0x0", "0x5"], good(), ["load"]), memory: pending }
]

/** An id that is not the first of its kind, or that has no NUL, does not help: the section is missing. */
const ids: ReadonlyArray<Broken> = [
  row(
    "gencap.size",
    "CONFIG/gencap",
    ["9 bytes", "at most 8 bytes"],
    edited(good(), "CONFIG/gencap", (section) => [{ id: "gencap", data: new Uint8Array(9) }, section]),
    judges
  ),
  row(
    "iovinit.missing",
    "GENER/iovinit",
    ["absent", "required"],
    edited(good(), "GENER/iovinit", (section) => [{ ...section, id: "iovinitX" }])
  )
]

export const broken: ReadonlyArray<Broken> = [
  ...structure,
  ...unfinished,
  ...missing,
  ...sizes,
  ...compatibility,
  ...device,
  ...ids
]

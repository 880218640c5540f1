/** Every struct of the migration block against the tables of the format: offsets, sizes, and the bytes nobody writes. */
import { assert, describe, it } from "@effect/vitest"
import { type Block, decodeBlock, encodeBlock, Layout } from "@stopcopy/qat"
import { Either } from "effect"
import { writeSetup, writeState } from "../../src/mstate/Save.ts"
import { sampleBlock } from "../support/Sample.ts"

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const textAt = (bytes: Uint8Array, at: number, size: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + size))

/** A row: path, offset of the header with no SLA, body bytes with none, sub sections, what grows by 24 for each SLA. */
type Row = readonly [path: string, offset: number, size: number, subSections: number, grows: "" | "offset" | "size"]

const bankRows = [0, 1, 2, 3].flatMap((bank): ReadonlyArray<Row> => [
  [`ETRBAR/bnk${bank}`, 324 + 504 * bank, 488, 1, "offset"],
  [`ETRBAR/bnk${bank}/mregs`, 340 + 504 * bank, 472, 0, "offset"]
])

const sections: ReadonlyArray<Row> = [
  ["CONFIG", 16, 58, 3, ""],
  ["CONFIG/gencap", 32, 4, 0, ""],
  ["CONFIG/svcmap", 52, 2, 0, ""],
  ["CONFIG/extdc", 70, 4, 0, ""],
  ["GENER", 106, 50, 3, "size"],
  ["GENER/iovinit", 122, 1, 0, ""],
  ["GENER/compver", 139, 1, 0, ""],
  ["GENER/sla", 156, 0, 0, "size"],
  ["MISCBAR", 172, 120, 6, "offset"],
  ["MISCBAR/visrc", 188, 4, 0, "offset"],
  ["MISCBAR/vimsk", 208, 4, 0, "offset"],
  ["MISCBAR/vispv", 228, 4, 0, "offset"],
  ["MISCBAR/vimpv", 248, 4, 0, "offset"],
  ["MISCBAR/pf2vm", 268, 4, 0, "offset"],
  ["MISCBAR/vm2pf", 288, 4, 0, "offset"],
  ["ETRBAR", 308, 2016, 4, "offset"],
  ...bankRows
]

const ring = (fill: number): Block.Ring => ({
  base: BigInt(fill) * 0x0101_0101_0101_0101n,
  config: fill * 0x0101_0101,
  head: (fill + 1) * 0x0101_0101,
  tail: (fill + 2) * 0x0101_0101
})
/** Every field of every struct has its own value, none of them 0. */
const distinct = (slas: number): Block.Block => {
  const bank = (index: number): Block.Bank => ({
    csrs: Array.from({ length: 16 }, (_, csr) => 0x1000_0000 * (index + 1) + 0x11_0011 * (csr + 1)),
    rings: [ring(0x21 + index), ring(0x31 + index)]
  })
  return {
    setup: { gencap: 0xa1a2_a3a4, svcmap: 0xb1b2, extdc: 0xc1c2_c3c4 },
    state: {
      general: {
        init: 0xd1,
        compatVersion: 0xe1,
        slas: Array.from({ length: slas }, (_, index) => ({
          service: 0x0101_0100 + index,
          ringPairMask: 0x0202_0202_0202_0200n + BigInt(index),
          cir: 0x0303_0300 + index,
          pir: 0x0404_0400 + index
        }))
      },
      misc: { VINTSOU: 0x51, VINTMSK: 0x52, VINTSOUPF2VM: 0x53, VINTMSKPF2VM: 0x54, PF2VM: 0x55, VM2PF: 0x56 },
      banks: [bank(0), bank(1), bank(2), bank(3)]
    }
  }
}

describe.each([0, 1, 2, 3, 4])("a block with %i SLAs", (slas) => {
  const bytes = encodeBlock(distinct(slas))
  const view = viewOf(bytes)
  const more = 24 * slas

  it("has 4096 bytes, its setup part ends at 90 and its state part where the format says", () => {
    assert.strictEqual(bytes.length, Layout.blockBytes)
    assert.strictEqual(Layout.blockBytes, 4096)
    const scratch = new Uint8Array(4096)
    assert.strictEqual(writeSetup(scratch, distinct(slas).setup), 90)
    assert.strictEqual(Layout.setupBytes, 90)
    assert.strictEqual(writeState(scratch, 90, distinct(slas).state), 2340 + more)
    assert.deepStrictEqual(scratch, bytes)
  })

  it("has both preambles: magic, version, header length, sections, size", () => {
    const preamble = (at: number) => [
      textAt(bytes, at, 4),
      view.getUint32(at + 4, true),
      view.getUint16(at + 8, true),
      view.getUint16(at + 10, true),
      view.getUint32(at + 12, true)
    ]
    assert.deepStrictEqual(preamble(0), ["\xea\xca\xf5\xad", 1, 16, 1, 74])
    assert.deepStrictEqual(preamble(90), ["\xea\xca\xf5\xad", 1, 16, 3, 2234 + more])
  })

  it("has every section at its offset, its id padded with zeroes", () => {
    for (const [path, offset, size, subSections, grows] of sections) {
      const at = offset + (grows === "offset" ? more : 0)
      const id = path.split("/").at(-1) ?? ""
      assert.strictEqual(textAt(bytes, at, 8), id.padEnd(8, "\0"), path)
      assert.strictEqual(view.getUint32(at + 8, true), size + (grows === "size" ? more : 0), path)
      assert.strictEqual(view.getUint32(at + 12, true), subSections, path)
    }
  })

  it("has every SLA record at its offset", () => {
    for (let index = 0; index < slas; index++) {
      const at = 172 + 24 * index
      assert.strictEqual(view.getUint32(at, true), 0x0101_0100 + index)
      assert.strictEqual(view.getUint32(at + 4, true), 0)
      assert.strictEqual(view.getBigUint64(at + 8, true), 0x0202_0202_0202_0200n + BigInt(index))
      assert.strictEqual(view.getUint32(at + 16, true), 0x0303_0300 + index)
      assert.strictEqual(view.getUint32(at + 20, true), 0x0404_0400 + index)
    }
  })

  it("is zero behind the state part", () => {
    assert.deepStrictEqual(bytes.subarray(2340 + more), new Uint8Array(4096 - 2340 - more))
  })
})

it("leaves of the setup part and of GENER and MISCBAR hold their values, little endian", () => {
  const bytes = encodeBlock(distinct(0))
  const hex = (at: number, size: number) => Buffer.from(bytes.subarray(at, at + size)).toString("hex")
  assert.deepStrictEqual([hex(48, 4), hex(68, 2), hex(86, 4)], ["a4a3a2a1", "b2b1", "c4c3c2c1"])
  assert.deepStrictEqual([hex(138, 1), hex(155, 1)], ["d1", "e1"])
  assert.deepStrictEqual(
    [188, 208, 228, 248, 268, 288].map((at) => hex(at + 16, 4)),
    ["51000000", "52000000", "53000000", "54000000", "55000000", "56000000"]
  )
})

it("the preamble, section header, SLA record and ring entry have the fields of the format", () => {
  assert.deepStrictEqual(Layout.preambleField, { magic: 0, version: 4, headerLength: 8, sectionCount: 10, size: 12 })
  assert.deepStrictEqual(Layout.headerField, { id: 0, size: 8, subSections: 12 })
  assert.deepStrictEqual(Layout.slaField, { service: 0, padding: 4, ringPairMask: 8, cir: 16, pir: 20 })
  assert.deepStrictEqual(Layout.ringEntryField, { base: 0, config: 8, head: 12, tail: 16, reserved: 20 })
  assert.deepStrictEqual(
    [Layout.preambleBytes, Layout.headerBytes, Layout.idBytes, Layout.slaBytes, Layout.slaLimit],
    [16, 16, 8, 24, 4]
  )
  assert.deepStrictEqual(
    [Layout.bankRecordBytes, Layout.bankRecordUsedBytes, Layout.ringEntriesAt, Layout.ringEntryBytes],
    [472, 136, 88, 24]
  )
  assert.strictEqual(Layout.ringEntriesAt + Layout.ringEntrySlots * Layout.ringEntryBytes, Layout.bankRecordBytes)
  assert.deepStrictEqual([Layout.magic, Layout.version], [0xadf5_caea, 1])
})

/** The bank record: offset, field, register that it is saved from; none for what a save leaves alone. */
const recordRows = [
  [0, "ringstat0", "STAT"],
  [4, "ringstat1", undefined],
  [8, "ringuostat", "UO_STAT"],
  [12, "ringestat", "E_STAT"],
  [16, "ringnestat", "NE_STAT"],
  [20, "ringnfstat", "NF_STAT"],
  [24, "ringfstat", "F_STAT"],
  [28, "ringcstat0", "C_STAT"],
  [32, "ringcstat1", undefined],
  [36, "ringcstat2", undefined],
  [40, "ringcstat3", undefined],
  [44, "iaintflagen", "INT_FLAG_EN"],
  [48, "iaintflagreg", "INT_FLAG"],
  [52, "iaintflagsrcsel0", "INT_SRCSEL"],
  [56, "iaintflagsrcsel1", undefined],
  [60, "iaintcolen", "INT_COL_EN"],
  [64, "iaintcolctl", "INT_COL_CTL"],
  [68, "iaintflagandcolen", "INT_FLAG_AND_COL"],
  [72, "ringexpstat", "EXP_STAT"],
  [76, "ringexpintenable", "EXP_INT_EN"],
  [80, "ringsrvarben", "RING_SRV_ARB_EN"],
  [84, "reserved", undefined]
] as const

/** The order in which a save reads a bank's registers: the order of `csrs` in a block's values. */
const saveOrder: ReadonlyArray<string | undefined> =
  "STAT UO_STAT E_STAT NE_STAT NF_STAT F_STAT C_STAT INT_FLAG_EN INT_FLAG INT_SRCSEL INT_COL_EN INT_COL_CTL"
    .concat(" INT_FLAG_AND_COL EXP_STAT EXP_INT_EN RING_SRV_ARB_EN")
    .split(" ")

it("a bank record has the fields of the format, each register in its own", () => {
  assert.deepStrictEqual(
    Layout.bankFields.map(({ offset, name, csr }) => [offset, name, csr]),
    recordRows.map((row) => [...row])
  )
  const block = distinct(0)
  const view = viewOf(encodeBlock(block))
  for (const [index, bank] of block.state.banks.entries()) {
    for (const [offset, name, csr] of recordRows) {
      const value = view.getUint32(356 + 504 * index + offset, true)
      assert.strictEqual(value, csr === undefined ? 0 : bank.csrs[saveOrder.indexOf(csr)], `bank ${index} ${name}`)
    }
  }
})

it("a ring entry holds base, config, head and tail; reserved words and slots 2 to 15 stay zero", () => {
  const block = distinct(0)
  const bytes = encodeBlock(block)
  const view = viewOf(bytes)
  for (const [index, bank] of block.state.banks.entries()) {
    for (const [slot, entry] of bank.rings.entries()) {
      const at = 356 + 504 * index + 88 + 24 * slot
      assert.strictEqual(view.getBigUint64(at, true), entry.base)
      assert.deepStrictEqual(
        [8, 12, 16, 20].map((offset) => view.getUint32(at + offset, true)),
        [entry.config, entry.head, entry.tail, 0]
      )
    }
    const slots = 356 + 504 * index + 136
    assert.deepStrictEqual(bytes.subarray(slots, slots + 336), new Uint8Array(336))
  }
})

it("a save keeps what it does not write: reserved words, unused slots, the rest of the block", () => {
  const block = distinct(2)
  const over = (byte: number): Uint8Array => {
    const bytes = new Uint8Array(4096).fill(byte)
    writeState(bytes, writeSetup(bytes, block.setup), block.state)
    return bytes
  }
  const [one, other] = [over(0xee), over(0x11)]
  const end = 2340 + 48
  const kept = Array.from({ length: end }, (_, at) => at).filter((at) => one[at] !== other[at])
  const span = (from: number, size: number) => Array.from({ length: size }, (_, index) => from + index)
  const perBank = [0, 1, 2, 3].flatMap((bank) => {
    const record = 356 + 48 + 504 * bank
    const words = recordRows.filter(([, , csr]) => csr === undefined).flatMap(([offset]) => span(record + offset, 4))
    return [...words, ...span(record + 88 + 20, 4), ...span(record + 112 + 20, 4), ...span(record + 136, 336)]
  })
  assert.deepStrictEqual(kept, perBank)
  assert.isTrue(one.subarray(end).every((byte) => byte === 0xee))
})

it("the sample blocks of these tests decode to what they were made from", () => {
  for (const slas of [0, 1, 2, 3, 4]) {
    assert.deepStrictEqual(Either.getOrThrow(decodeBlock(encodeBlock(sampleBlock(slas)))), sampleBlock(slas))
  }
})

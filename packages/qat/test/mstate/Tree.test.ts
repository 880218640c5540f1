/** The readable tree of a migration block: names, values, where it stops, and that no input at all disturbs it. */
import { assert, it } from "@effect/vitest"
import { type Block, decodeBlock, encodeBlock, Tree, type TreeNode } from "@stopcopy/qat"
import { Either, FastCheck as fc } from "effect"

const ring = { base: 0x1_2345_4000n, config: 0x2008, head: 0x80, tail: 0x100 }
const idle = { base: 0n, config: 0, head: 0, tail: 0 }
const bank: Block.Bank = { csrs: Array.from({ length: 16 }, (_, index) => index), rings: [ring, idle] }
const sample: Block.Block = {
  setup: { gencap: 0x0100_0021, svcmap: 0x71c, extdc: 0x3 },
  state: {
    general: { init: 1, compatVersion: 4, slas: [{ service: 1, ringPairMask: 0x30n, cir: 400, pir: 800 }] },
    misc: { VINTSOU: 2, VINTMSK: 1, VINTSOUPF2VM: 1, VINTMSKPF2VM: 0, PF2VM: 0x1050a, VM2PF: 0xf },
    banks: [bank, bank, bank, bank]
  }
}
const good = (): Uint8Array => encodeBlock(sample)
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A fresh good block with these bytes put over it. */
const patched = (offset: number, ...bytes: ReadonlyArray<number>): Uint8Array => {
  const block = good()
  block.set(bytes, offset)
  return block
}

const at = (nodes: ReadonlyArray<TreeNode>, ...path: ReadonlyArray<string>): TreeNode | undefined => {
  const [first, ...rest] = path
  const found = nodes.find(({ name }) => name === first)
  return found === undefined || rest.length === 0 ? found : at(found.children, ...rest)
}

const all = (nodes: ReadonlyArray<TreeNode>): ReadonlyArray<TreeNode> =>
  nodes.flatMap((node) => [node, ...all(node.children)])

const setup = ["setup part", "CONFIG"] as const

it("a good block has no problem, and its parts stand where the format puts them", () => {
  const { problem, tree } = Tree.read(good())
  assert.isUndefined(problem)
  assert.deepStrictEqual(
    tree.map(({ name, offset, size, note }) => [name, offset, size, note]),
    [
      ["setup part", 0, 90, undefined],
      ["state part", 90, 2274, undefined],
      ["unused", 2364, 1732, "all zero"]
    ]
  )
})

it("capability bits, services, SLAs and mailbox words are named", () => {
  const { tree } = Tree.read(good())
  const gencap = at(tree, ...setup, "gencap")
  assert.deepStrictEqual([gencap?.offset, gencap?.size, gencap?.value], [32, 20, "0x1000021"])
  assert.deepStrictEqual(
    gencap?.children.map(({ name, value }) => `${name} ${value}`),
    ["bit 0 symmetric", "bit 5 compression", "bit 24 LZ4"]
  )
  assert.deepStrictEqual(
    at(tree, ...setup, "svcmap")?.children.map(({ value }) => value),
    ["asymmetric", "symmetric", "asymmetric", "symmetric"]
  )
  assert.include(at(tree, "state part", "GENER", "sla", "SLA 0", "ring pairs"), {
    value: "0x30",
    note: "ring pairs 4, 5"
  })
  assert.include(at(tree, "state part", "GENER", "sla", "SLA 0", "service"), { value: "1", note: "symmetric" })
  const misc = (leaf: string) => at(tree, "state part", "MISCBAR", leaf)?.note
  assert.strictEqual(misc("vm2pf"), "VM2PF: INIT, data 0x0, pending")
  assert.strictEqual(misc("pf2vm"), "PF2VM: VERSION_RESP, data 0x105, acknowledged")
  assert.strictEqual(misc("visrc"), "VINTSOU: interrupt of bank 1; saved, not restored")
})

it("all four banks have their registers and both rings", () => {
  const { tree } = Tree.read(good())
  for (const index of [0, 1, 2, 3]) {
    const mregs = at(tree, "state part", "ETRBAR", `bnk${index}`, "mregs")
    assert.isDefined(mregs)
    assert.strictEqual(mregs.children.length, 22 + 2 + 1)
    assert.strictEqual(at(mregs.children, "ringestat E_STAT")?.value, "0x2")
    assert.strictEqual(
      at(mregs.children, "ring 0", "config")?.note,
      "size code 8: 16 KiB, nearly empty off, nearly full 512 bytes"
    )
    assert.strictEqual(at(mregs.children, "ring 0", "base")?.value, "0x123454000")
    assert.strictEqual(at(mregs.children, "ring 1", "config")?.note, "not configured")
  }
})

it("bytes behind the end that are not zero are counted and placed", () => {
  assert.strictEqual(
    at(Tree.read(patched(3000, 1, 2)).tree, "unused")?.note,
    "2 bytes are not zero, the first at offset 3000"
  )
})

it("each broken place is named by its own rule, with its offset and both values", () => {
  const sized = (offset: number, size: number) => {
    const block = good()
    view(block).setUint32(offset, size, true)
    return block
  }
  const cases: ReadonlyArray<readonly [Uint8Array, string, string]> = [
    [patched(0, 0), "mstate.setup.magic", "offset 0"],
    [patched(4, 9), "mstate.setup.version", "offset 4"],
    [patched(8, 0xff, 0xff), "mstate.setup.length", "offset 8"],
    [sized(12, 4096), "mstate.setup.size", "offset 12"],
    [sized(24, 5000), "mstate.section.bounds", "offset 16"],
    [patched(90, 0), "mstate.state.magic", "offset 90"],
    [sized(40, 9), "mstate.gencap.size", "offset 32"],
    [patched(32, 0x78), "mstate.gencap.missing", "offset 32 to 90"],
    [patched(10, 0), "mstate.config.missing", "offset 16 to 90"],
    [patched(44, 1), "mstate.section.header", "offset 48"],
    [good().subarray(0, 90), "mstate.block.short", "offset 90"],
    [good().subarray(0, 7), "mstate.block.short", "offset 7"],
    [good().subarray(0, 1000), "mstate.section.bounds", "offset"]
  ]
  for (const [block, code, where] of cases) {
    const { problem } = Tree.read(block)
    assert.isDefined(problem)
    assert.strictEqual(problem.code, code)
    assert.include(problem.where, where)
    assert.isNotEmpty(problem.source)
    assert.isNotEmpty(problem.destination)
  }
})

it("what could be read before the bad place is shown", () => {
  const block = good()
  // The size of GENER's leaf compver.
  view(block).setUint32(139 + 8, 2, true)
  const { problem, tree } = Tree.read(block)
  assert.isDefined(problem)
  assert.isDefined(at(tree, ...setup, "extdc"))
  assert.strictEqual(at(tree, "state part", "GENER", "iovinit")?.value, "1")
  assert.isUndefined(at(tree, "state part", "MISCBAR"))
})

it("a block that is cut off is shown as far as it goes", () => {
  const { problem, tree } = Tree.read(good().subarray(0, 1000))
  assert.strictEqual(problem?.code, "mstate.section.bounds")
  assert.strictEqual(at(tree, "state part", "ETRBAR")?.note, "announces 2016 bytes, 652 are left")
  assert.strictEqual(at(tree, "state part", "ETRBAR", "bnk0", "mregs", "ring 0", "tail")?.value, "0x100")
  assert.include(at(tree, "state part", "ETRBAR", "bnk1", "mregs"), { offset: 868, size: 132 })
})

it("a bad magic number is the last field shown", () => {
  const { tree } = Tree.read(patched(0, 0))
  assert.deepStrictEqual(
    all(tree).map(({ name }) => name),
    ["setup part", "preamble", "magic"]
  )
})

it("what a load skips is shown raw and is no problem", () => {
  const unknown = patched(188 + 24, 0x78)
  const found = Tree.read(unknown)
  assert.isUndefined(found.problem)
  assert.strictEqual(at(found.tree, "state part", "MISCBAR", "xisrc")?.note, "unknown section, skipped by a load")
})

it("only the first 4096 bytes are looked at, also inside a larger buffer", () => {
  const large = new Uint8Array(6000).fill(0xff)
  large.set(good(), 100)
  assert.deepStrictEqual(Tree.read(large.subarray(100, 6000)), Tree.read(good()))
})

const nothingOutside = (bytes: Uint8Array): void => {
  const end = Math.min(bytes.byteLength, 4096)
  const outside = all(Tree.read(bytes).tree).filter(({ offset, size }) => offset < 0 || size < 0 || offset + size > end)
  assert.deepStrictEqual(outside, [])
}

const anyBytes = fc.uint8Array({ maxLength: 4200 })
it.prop("random bytes give a tree that stays inside them", [anyBytes], ([bytes]) => nothingOutside(bytes), {
  fastCheck: { numRuns: 500 }
})

/** Mostly the headers, where a change matters. */
const change = fc.tuple(
  fc.oneof(fc.nat(400), fc.nat(4095)),
  fc.oneof(fc.constantFrom(0, 1, 0x10, 0x80, 0xff), fc.nat(255))
)
const mutations = fc.tuple(fc.array(change, { minLength: 1, maxLength: 6 }), fc.integer({ min: 16, max: 4096 }))
it.prop(
  "a mutated or cut block gives a tree inside it; one that decodes has no problem",
  [mutations],
  ([[changes, length]]) => {
    const block = good()
    for (const [offset, value] of changes) block[offset] = value
    nothingOutside(block.subarray(0, length))
    nothingOutside(block)
    const { problem } = Tree.read(block)
    if (Either.isRight(decodeBlock(block))) assert.isUndefined(problem)
  },
  { fastCheck: { numRuns: 1000 } }
)

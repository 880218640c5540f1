/** A block's values: encode then decode is the identity; decode is strict and gives values of the schema only. */
import { assert, it } from "@effect/vitest"
import { Block, decodeBlock, encodeBlock, Layout } from "@stopcopy/qat"
import { Arbitrary, Either, FastCheck as fc, Schema } from "effect"
import { sampleBlock } from "../support/Sample.ts"
import { resized } from "../support/Sections.ts"

const { General, Setup, State } = Block

/** As many runs with each number of SLAs. */
const blocks = fc.integer({ min: 0, max: Layout.slaLimit }).chain((slas) =>
  fc.record({
    setup: Arbitrary.make(Setup),
    state: fc.record({
      general: fc.record({
        init: Arbitrary.make(General.fields.init),
        compatVersion: Arbitrary.make(General.fields.compatVersion),
        slas: fc.array(Arbitrary.make(Block.Sla), { minLength: slas, maxLength: slas })
      }),
      misc: Arbitrary.make(State.fields.misc),
      banks: Arbitrary.make(State.fields.banks)
    })
  })
)

it.prop(
  "encode then decode is the identity, with 0 to 4 SLAs",
  [blocks],
  ([block]) => {
    assert.deepStrictEqual(Either.getOrThrow(decodeBlock(encodeBlock(block))), block)
  },
  { fastCheck: { numRuns: 300 } }
)

it.prop(
  "every value of the schema encodes",
  [Block.Block],
  ([block]) => {
    assert.deepStrictEqual(Either.getOrThrow(decodeBlock(encodeBlock(block))), block)
  },
  { fastCheck: { numRuns: 100 } }
)

it("the largest and the smallest value of every field come back", () => {
  const filled = (value: number, long: bigint): Block.Block => {
    const bank = {
      csrs: Array.from({ length: 16 }, () => value),
      rings: [
        { base: long, config: value, head: value, tail: value },
        { base: long, config: value, head: value, tail: value }
      ]
    } as const
    const sla = { service: value, ringPairMask: long, cir: value, pir: value }
    const misc = sampleBlock().state.misc
    return {
      setup: { gencap: value, svcmap: value & 0xffff, extdc: value },
      state: {
        general: { init: value & 0xff, compatVersion: value & 0xff, slas: [sla, sla, sla, sla] },
        misc: { ...misc, VINTSOU: value, PF2VM: value },
        banks: [bank, bank, bank, bank]
      }
    }
  }
  for (const block of [filled(0, 0n), filled(0xffff_ffff, 0xffff_ffff_ffff_ffffn)]) {
    assert.deepStrictEqual(Either.getOrThrow(decodeBlock(encodeBlock(block))), block)
  }
})

const leaves = [
  ["CONFIG/gencap", 4],
  ["CONFIG/svcmap", 2],
  ["CONFIG/extdc", 4],
  ["GENER/iovinit", 1],
  ["GENER/compver", 1],
  ["MISCBAR/visrc", 4],
  ["MISCBAR/vispv", 4]
] as const

it("decode takes each leaf with the size that a save gives it only, also where a load is lenient", () => {
  for (const [path, size] of leaves) {
    for (const other of [0, size - 1, size + 1, 8]) {
      const result = decodeBlock(resized(encodeBlock(sampleBlock(2)), path, other))
      const error = Either.isLeft(result) ? result.left : undefined
      assert.include(error, { _tag: "EINVAL", errno: 22 })
      assert.include(error?.refusal, {
        code: `mstate.${path.split("/")[1]}.size`,
        where: path,
        source: `${other} bytes`,
        destination: `${size} bytes`
      })
    }
  }
})

it("decode takes whole SLA records only, and no more than a VF can have", () => {
  for (const size of [1, 23, 25, 24 * 5]) {
    const result = decodeBlock(resized(encodeBlock(sampleBlock(2)), "GENER/sla", size))
    const refusal = Either.isLeft(result) ? result.left.refusal : undefined
    assert.include(refusal, {
      code: "mstate.sla.size",
      source: `${size} bytes`,
      destination: "0 to 4 records of 24 bytes"
    })
  }
})

it.prop(
  "whatever decodes is a value of the schema",
  [fc.array(fc.tuple(fc.nat(2500), fc.nat(255)), { maxLength: 8 }), fc.integer({ min: 0, max: 4 })],
  ([changes, slas]) => {
    const bytes = encodeBlock(sampleBlock(slas))
    for (const [at, value] of changes) bytes[at] = value
    const result = decodeBlock(bytes)
    if (Either.isRight(result)) assert.isTrue(Schema.is(Block.Block)(result.right))
    else assert.isDefined(result.left.refusal)
  },
  { fastCheck: { numRuns: 300 } }
)

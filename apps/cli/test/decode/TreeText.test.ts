/** A tree as aligned text, and a problem as one line. */
import { assert, it } from "@effect/vitest"
import { Tree } from "@stopcopy/qat"
import { problemText, treeText } from "../../src/decode/TreeText.ts"
import { sampleBlock } from "../sampleBlock.ts"

it("names stand as a tree, between sizes and values", () => {
  const leaf = (name: string) => ({ name, offset: 4, size: 2, value: "0x1", note: "a note", children: [] })
  const tree = [{ name: "part", offset: 0, size: 90, children: [{ ...leaf("a"), children: [leaf("b")] }, leaf("c")] }]
  assert.deepStrictEqual(treeText(tree), [
    "offset  size  field    value  meaning",
    "     0    90  part",
    "     4     2  ├─ a     0x1    a note",
    "     4     2  │  └─ b  0x1    a note",
    "     4     2  └─ c     0x1    a note"
  ])
})

it("a whole block has a line for every field, each of them once", () => {
  const lines = treeText(Tree.read(sampleBlock()).tree)
  assert.strictEqual(lines.filter((line) => line.includes(" mregs")).length, 4)
  assert.strictEqual(lines.filter((line) => line.includes(" INT_SRCSEL ")).length, 4)
  assert.isTrue(lines.some((line) => /├─ gencap +0x1000021$/.test(line)))
})

it("a problem is one line with the place, the rule and both values", () => {
  const block = sampleBlock()
  block[0] = 0
  const { problem } = Tree.read(block)
  assert.isDefined(problem)
  assert.strictEqual(
    problemText(problem),
    "setup preamble at offset 0: a part starts with the magic number (found 0xadf5ca00, wanted 0xadf5caea); " +
      "check that this is a GEN4 migration block and that no bytes before it were lost [mstate.setup.magic]"
  )
})

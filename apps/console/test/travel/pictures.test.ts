/** What is drawn: lanes and milestones, causes in layers, states and blocks as lines. */
import { assert, describe, it } from "@effect/vitest"
import { type Block, encodeBlock } from "@stopcopy/qat"
import { Effect, Either } from "effect"
import { blockIn, blockRows, isBlank, letterOf, litByte, litRow, rowAt, treeOf } from "../../src/travel/BlockRows.ts"
import { causeGraph } from "../../src/travel/Causes.ts"
import { standingAt } from "../../src/travel/Journey.ts"
import { columnOf, fractionOf, labelled, lanesOf, milestonesOf, placeAt } from "../../src/travel/Lanes.ts"
import { changedPaths, stateRows, valueText } from "../../src/travel/StateRows.ts"
import { smallJourney } from "./journeys.ts"

describe("lanes", () => {
  it.live("count the events of each journal by column, and mark failures", () =>
    Effect.gen(function* () {
      const { chronicle } = yield* smallJourney
      const all = Uint32Array.from({ length: 7 }, (_, place) => place)
      const [coordinator, source] = lanesOf(chronicle, all, 7)
      assert.deepStrictEqual(Array.from(coordinator?.counts ?? []), [1, 0, 0, 0, 0, 0, 1])
      assert.deepStrictEqual(Array.from(source?.failing ?? []), [0, 0, 0, 0, 0, 1, 0])
      const milestones = milestonesOf(chronicle)
      assert.deepStrictEqual(
        milestones.map(({ place, text }) => [place, text]),
        [
          [1, "PRE_COPY"],
          [4, "STOP_COPY"]
        ]
      )
      assert.strictEqual(labelled(milestones, 7, 110, 6).length, 1)
      assert.strictEqual(labelled(milestones, 7, 700, 6).length, 2)
    })
  )

  it("lead from a place to its column and back", () => {
    for (const place of [0, 1, 57, 99]) assert.strictEqual(placeAt(fractionOf(place, 100), 100), place)
    assert.deepStrictEqual([placeAt(-0.1, 100), placeAt(2, 100), columnOf(99, 100, 10)], [-1, 99, 9])
  })
})

describe("causes", () => {
  it.live("stand before the event, effects behind it, across journals", () =>
    Effect.gen(function* () {
      const { chronicle } = yield* smallJourney
      const graph = causeGraph(chronicle, 1)
      assert.deepStrictEqual(
        graph.nodes.map(({ layer, place, row }) => [place, layer, row]),
        [
          [0, -1, 0],
          [1, 0, 0],
          [4, 1, 0]
        ]
      )
      assert.deepStrictEqual(
        graph.edges.map(({ from, to }) => [from.place, to.place]),
        [
          [0, 1],
          [1, 4]
        ]
      )
      assert.deepStrictEqual([graph.isCutOff, graph.earlier], [false, 0])
    })
  )
})

describe("a state", () => {
  it.live("is lines, opened where somebody opens it, with what changed", () =>
    Effect.gen(function* () {
      const journey = yield* smallJourney
      const standing = Either.getOrThrow(standingAt(journey, 1, 4))
      const changed = changedPaths([{ kind: "changed", path: ["registers", "bank0", 1] }])
      assert.deepStrictEqual([...changed], ["registers", "registers.bank0", "registers.bank0.1"])
      const closed = stateRows(standing, new Set(), changed)
      const state = closed.find(({ path }) => path === "migrationState")
      assert.deepStrictEqual([state?.text, state?.isOpen, state?.depth], ['"STOP_COPY"', undefined, 0])
      const registers = closed.find(({ path }) => path === "registers")
      assert.deepStrictEqual([registers?.isOpen, registers?.hasChanged], [false, true])
      assert.strictEqual(closed.find(({ path }) => path === "block")?.text, "4096 bytes")
      const open = stateRows(standing, new Set(["registers"]), new Set())
      assert.isAbove(open.length, closed.length)
      assert.isTrue(open.some(({ depth, path }) => depth === 1 && path.startsWith("registers.")))
      assert.deepStrictEqual([valueText(undefined), valueText({ a: 1 })], ["not there", '{"a":1}'])
    })
  )
})

describe("a block", () => {
  const idle = { base: 0n, config: 0, head: 0, tail: 0 }
  const bank: Block.Bank = { csrs: [], rings: [{ base: 0x4000n, config: 8, head: 0, tail: 64 }, idle] }
  const block = encodeBlock({
    setup: { gencap: 0x0100_0021, svcmap: 0x71c, extdc: 0x3 },
    state: {
      general: { init: 1, compatVersion: 4, slas: [] },
      misc: { VINTSOU: 2, VINTMSK: 1, VINTSOUPF2VM: 1, VINTMSKPF2VM: 0, PF2VM: 0, VM2PF: 0 },
      banks: [bank, bank, bank, bank]
    }
  })

  it("is lines of its tree, without what is closed", () => {
    const rows = blockRows(block, new Set())
    assert.isUndefined(treeOf(block).problem)
    const [setup] = rows
    assert.deepStrictEqual([setup?.path, setup?.depth, setup?.offset, setup?.isOpen], ["setup part", 0, 0, true])
    const closed = blockRows(block, new Set(["setup part"]))
    assert.deepStrictEqual([closed[0]?.isOpen, closed[1]?.depth], [false, 0])
    assert.isBelow(closed.length, rows.length)
  })

  it("leads from a byte to its field and back", () => {
    const rows = blockRows(block, new Set())
    const found = rowAt(rows, 1)
    assert.strictEqual(found?.path, "setup part/preamble/magic")
    assert.deepStrictEqual(litByte(rows, 3), { offset: 0, size: 4, path: found?.path, from: "bytes" })
    if (found !== undefined)
      assert.deepStrictEqual(litRow(found), { offset: 0, size: 4, path: found.path, from: "tree" })
    for (const byte of [0, 20, 100, 300, 2000]) {
      const row = rowAt(rows, byte)
      if (row !== undefined) assert.isTrue(byte >= row.offset && byte < row.offset + row.size)
    }
    assert.deepStrictEqual(litByte([], 7), { offset: 7, size: 1, path: undefined, from: "bytes" })
  })

  it("is that of a VF's state, and says whether it is blank", () => {
    assert.strictEqual(blockIn({ block }), block)
    assert.isUndefined(blockIn({ block: new Uint8Array(16) }))
    assert.isUndefined(blockIn({ phase: "queued" }))
    assert.deepStrictEqual([isBlank(block), isBlank(new Uint8Array(4096))], [false, true])
    assert.deepStrictEqual([letterOf(0x43), letterOf(0)], ["C", "·"])
  })
})

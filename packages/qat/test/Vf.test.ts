/** The VF as an actor: streams of its files, packed register writes, and that deciding is pure. */
import { assert, it } from "@effect/vitest"
import { Vf, VfCommand, VfEvent } from "@stopcopy/qat"
import { given, roundTripEvent } from "@stopcopy/runtime/testing"
import { Arbitrary, FastCheck as fc, Schema } from "effect"
import { probe } from "./driver/hosts.ts"
import * as Driver from "./driver/vf.ts"

/** Any event but the first member, a probe: its register file has a length that no generator hits. */
const someEvent = Arbitrary.make(Schema.Union(...VfEvent.members.slice(1)))
const someCommand = Arbitrary.make(Schema.Union(...VfCommand.members.slice(1)))

it("events of a file go to its own stream below the VF's, all others to the VF's", () => {
  const walked = Driver.walkTo(Driver.opened(), "PRE_COPY")
  const read = Driver.read(walked, 0, 10)
  for (const event of [...Driver.walk(Driver.opened(), "PRE_COPY").events, ...read.events]) {
    const expected = event._tag.startsWith("File") ? { suffix: "file/0", behavior: "file" } : undefined
    assert.deepStrictEqual(Vf.behavior.route(event), expected, event._tag)
  }
  assert.deepStrictEqual(Vf.behavior.route({ _tag: "PrecopyInfoGiven", file: 3, initialBytes: 0n }), {
    suffix: "file/3",
    behavior: "file"
  })
})

it("a file's own stream replays to the file that its VF has", () => {
  const walked = Driver.walk(Driver.opened(), "PRE_COPY")
  const read = Driver.read(walked, 0, 30)
  const stopped = Driver.walk(read, "STOP_COPY")
  const own = [...walked.events, ...read.events, ...stopped.events].filter(({ _tag }) => _tag.startsWith("File"))
  const replayed = own.reduce((state, event) => Vf.behavior.evolve(state, event), Vf.behavior.initial)
  assert.deepStrictEqual(replayed.files["0"], stopped.state.files["0"])
})

it("register writes survive their 8 bytes, for both BARs and every bit", () => {
  for (const bar of [0, 2] as const) {
    for (const offset of [0, 4, 0x7ffc, 0x1ffc]) {
      for (const value of [0, 1, 0x7fff_ffff, 0xffff_ffff])
        roundTripEvent(Vf.behavior, { _tag: "RegisterWritten", bar, offset, value })
    }
  }
  const { packing } = Vf.behavior
  assert.deepInclude(packing, { type: "RegisterWritten", entryBytes: 8 })
  assert.isFalse(packing?.write({ _tag: "Removed" }, new DataView(new ArrayBuffer(8)), 0))
})

it("a register write that is not 32 bits wide, aligned and inside its BAR is EINVAL and changes nothing", () => {
  const at = Driver.opened()
  const wrong: ReadonlyArray<readonly [bar: 0 | 2, offset: number, value: number, code: string]> = [
    [0, -4, 1, "register.access"],
    [2, -0x2000, 1, "register.access"],
    [0, 2, 1, "register.access"],
    [0, 0x8000, 1, "register.access"],
    [2, 0x2000, 1, "register.access"],
    [0, 0x100, -1, "register.value"],
    [0, 0x100, 2 ** 32, "register.value"]
  ]
  for (const [bar, offset, value, code] of wrong) {
    const refused = at.when({ _tag: "WriteRegister", bar, offset, value }).expectRefusal({ _tag: "EINVAL" })
    assert.deepStrictEqual(Driver.tags(refused.events), ["Refused"])
    assert.strictEqual(refused.answer._tag === "Left" ? refused.answer.left.refusal?.code : "", code)
    assert.deepStrictEqual(refused.state, at.state)
  }
})

it.prop(
  "every event survives its schema",
  [someEvent],
  ([event]) => {
    roundTripEvent(Vf.behavior, event)
    assert.isString(event._tag)
  },
  { fastCheck: { numRuns: 200 } }
)

it.prop(
  "any commands in any order: nothing throws, deciding is repeatable, and state is what the events make it",
  [fc.array(someCommand, { maxLength: 15 })],
  ([commands]) => {
    let at: Driver.At = given(Vf.behavior).when(probe()).when({ _tag: "Open", coreEnable: 0, allocatePrivateData: 0 })
    for (const command of commands) {
      const again = Vf.decide(at.state, command)
      const next = at.when(command)
      assert.deepStrictEqual(next.events, again.events)
      at = next
    }
  },
  { fastCheck: { numRuns: 60 } }
)

/** The PF driver's ops one by one: what each does to the sizes, the block and the marks, and that saving and loading are independent. */
import { assert, it } from "@effect/vitest"
import { decodeBlock, MigrationOps, RegisterFile, type VfEvent } from "@stopcopy/qat"
import { Either } from "effect"
import { begin, emit, type Turn } from "../src/Turn.ts"
import { sla } from "./driver/hosts.ts"
import * as Vf from "./driver/vf.ts"

const turnOf = (at: Vf.At): Turn => begin(at.state)
const kernel = (changes: Partial<Vf.Probe> = {}) => turnOf(Vf.opened({ mode: "kernel", ...changes }))
const sizes = ({ state }: Turn) => [state.setupSize, state.remoteSetupSize]
const withBlock = (turn: Turn, bytes: Uint8Array): Turn => {
  emit(turn, { _tag: "BlockReceived", offset: 0, bytes })
  return turn
}
const tags = ({ events }: Turn) => Vf.tags(events)
const stream = Vf.streamOf(Vf.opened())

it("open: sizes 0, no bank stopped; the block stays", () => {
  const turn = withBlock(kernel(), stream)
  emit(turn, { _tag: "RemoteSetupSized", size: 90 })
  emit(turn, { _tag: "BankDrained", bank: 0 })
  MigrationOps.saveSetup(turn, Vf.facts)
  MigrationOps.open(turn)
  assert.deepStrictEqual(sizes(turn), [0, 0])
  assert.strictEqual(turn.state.stoppedBanks, 0)
  assert.deepStrictEqual(turn.state.block, stream)
})

it("close: the marks go; sizes and block stay", () => {
  const turn = kernel()
  MigrationOps.saveSetup(turn, Vf.facts)
  MigrationOps.markStopped(turn, 2)
  MigrationOps.close(turn)
  assert.strictEqual(turn.state.stoppedBanks, 0)
  assert.deepStrictEqual(sizes(turn), [90, 0])
})

it("reset: sizes 0; block and marks stay", () => {
  const turn = withBlock(kernel(), stream)
  MigrationOps.markStopped(turn, 2)
  MigrationOps.saveSetup(turn, Vf.facts)
  MigrationOps.reset(turn)
  assert.deepStrictEqual(sizes(turn), [0, 0])
  assert.strictEqual(turn.state.stoppedBanks, 0b0100)
  assert.deepStrictEqual(turn.state.block, stream)
})

it("resume: releases the banks that are marked and no others; without marks nothing happens", () => {
  const turn = kernel()
  MigrationOps.resume(turn)
  assert.deepStrictEqual(turn.events, [])
  MigrationOps.markStopped(turn, 1)
  MigrationOps.markStopped(turn, 3)
  MigrationOps.resume(turn)
  const released: VfEvent = { _tag: "BanksReleased", banks: 0b1010 }
  assert.deepStrictEqual(turn.events.at(-1), released)
  for (const bank of [0, 1, 2, 3]) assert.isFalse(RegisterFile.isDrained(turn.state.registers, bank))
})

it("save setup: 90 bytes at the start, once", () => {
  const turn = withBlock(kernel(), new Uint8Array(4096).fill(0xaa))
  MigrationOps.saveSetup(turn, Vf.facts)
  MigrationOps.saveSetup(turn, { ...Vf.facts, svcmap: 1 })
  assert.deepStrictEqual(tags(turn), ["BlockReceived", "SetupSaved"])
  assert.deepStrictEqual(turn.state.block.subarray(0, 90), stream.subarray(0, 90))
  assert.isTrue(turn.state.block.subarray(90).every((byte) => byte === 0xaa))
})

it("save state: the setup part first if it is not there, then everything of the moment; S alone is set", () => {
  const turn = kernel({ init: 1, compatVersion: 5 })
  MigrationOps.saveState(turn, { ...Vf.facts, rateLimiting: true, slas: [sla, { ...sla, ringPairMask: 0x1n }] })
  assert.deepStrictEqual(tags(turn), ["SetupSaved", "StateSaved"])
  assert.deepStrictEqual(sizes(turn), [90, 0])
  const { general } = Either.getOrThrow(decodeBlock(turn.state.block)).state
  assert.deepStrictEqual(general, { init: 1, compatVersion: 5, slas: [sla] })
})

it("load setup: EAGAIN until it is whole, then judged once; RS alone is set", () => {
  const turn = withBlock(turnOf(Vf.opened()), stream)
  for (const length of [0, 15, 16, 89]) {
    assert.strictEqual(Either.getOrThrow(Either.flip(MigrationOps.loadSetup(turn, length, Vf.facts)))._tag, "EAGAIN")
  }
  assert.isTrue(Either.isRight(MigrationOps.loadSetup(turn, 90, Vf.facts)))
  assert.isTrue(Either.isRight(MigrationOps.loadSetup(turn, 4096, { ...Vf.facts, svcmap: 1 })))
  assert.deepStrictEqual(tags(turn), ["BlockReceived", "RemoteSetupSized", "SetupJudged"])
  assert.deepStrictEqual(sizes(turn), [0, 90])
})

it("load setup: a part that announces more than the block is EINVAL before it is waited for", () => {
  const bytes = stream.slice()
  new DataView(bytes.buffer).setUint32(12, 5000, true)
  const refused = MigrationOps.loadSetup(withBlock(kernel(), bytes), 16, Vf.facts)
  assert.deepInclude(Either.getOrThrow(Either.flip(refused)).refusal, { code: "mstate.setup.size" })
})

it("load state: loads the setup part itself, programs the device, leaves S alone", () => {
  const source = Vf.opened({ init: 1 }).when({ _tag: "WriteRegister", bar: 0, offset: 0x16c, value: 3 })
  const turn = withBlock(turnOf(Vf.opened()), Vf.streamOf(source))
  assert.isTrue(Either.isRight(MigrationOps.loadState(turn, 4096, Vf.facts)))
  assert.strictEqual(RegisterFile.csr(turn.state.registers, 0, "INT_FLAG_EN"), 3)
  assert.strictEqual(turn.state.init, 1)
  assert.deepStrictEqual(sizes(turn), [0, 90])
})

it("an unfinished save changes no size but S, and what was behind it in the block stays", () => {
  const turn = withBlock(kernel(), new Uint8Array(4096).fill(0x55))
  MigrationOps.saveStateUnfinished(turn, Vf.facts)
  assert.deepStrictEqual(sizes(turn), [90, 0])
  const event = turn.events.at(-1)
  const end = event?._tag === "StateSaveUnfinished" ? event.offset + event.bytes.length : 0
  assert.isAbove(end, 106)
  assert.isTrue(turn.state.block.subarray(end).every((byte) => byte === 0x55))
})

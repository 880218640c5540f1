/** The mailbox as far as the block carries it: what the PF remembers, what it answers, and both words afterwards. */
import { assert, it } from "@effect/vitest"
import { RegisterFile } from "@stopcopy/qat"
import * as Vf from "../driver/vf.ts"

const doorbell = 1
const send = (type: number, data = 0) => ((data << 8) | (type << 2) | 2 | doorbell) >>> 0
const vm2pf = 0x100c
const write = (at: Vf.At, value: number) => at.when({ _tag: "WriteRegister", bar: 2, offset: vm2pf, value })

/** PF2VM word: VERSION_RESP with this version and verdict. */
const response = (version: number, verdict: number) => ((((verdict << 8) | version) << 8) | (0x02 << 2) | 3) >>> 0

const known = { init: 1, compatVersion: 3 }
const rows: ReadonlyArray<readonly [string, number, number, number, number, number | null]> = [
  ["INIT", send(0x03), 0x0e, 1, 3, null],
  ["SHUTDOWN", send(0x04), 0x12, 0, 3, null],
  ["RESTARTING_COMPLETE", send(0x0a), 0x2a, 0, 3, null],
  ["VERSION_REQ", send(0x05), 0x16, 1, 0, response(0x11, 1)],
  ["COMPAT_VER_REQ of version 0", send(0x06, 0), 0x1a, 1, 0, response(5, 2)],
  ["COMPAT_VER_REQ of version 5", send(0x06, 5), 0x51a, 1, 5, response(5, 1)],
  ["COMPAT_VER_REQ of a newer version", send(0x06, 6), 0x61a, 1, 6, response(5, 3)],
  ["a message that is not known", send(0x3f, 0x12), 0x12fe, 1, 3, null]
]

for (const [what, word, after, init, compatVersion, answer] of rows) {
  it(`${what}: acknowledged before the write returns`, () => {
    const sent = write(Vf.opened(known), word).expectAnswer({ _tag: "Done" })
    const { registers, ...state } = sent.state
    assert.deepStrictEqual(Vf.tags(sent.events), ["RegisterWritten", "MailboxHandled"])
    assert.include(state, { init, compatVersion })
    assert.strictEqual(RegisterFile.misc(registers, "VM2PF"), after)
    assert.strictEqual(RegisterFile.misc(registers, "PF2VM"), answer ?? 0)
    assert.strictEqual(RegisterFile.misc(registers, "VINTSOUPF2VM"), answer === null ? 0 : 1)
  })
}

it("without a doorbell nothing is served, and no other register is a mailbox", () => {
  const quiet = write(Vf.opened(known), send(0x04) & ~doorbell)
  assert.deepStrictEqual(Vf.tags(quiet.events), ["RegisterWritten"])
  assert.strictEqual(quiet.state.init, 1)
  const other = Vf.opened(known).when({ _tag: "WriteRegister", bar: 2, offset: 0x1008, value: send(0x04) })
  assert.deepStrictEqual(Vf.tags(other.events), ["RegisterWritten"])
})

it("a message is served in every state that answers registers, also while a walk waits", () => {
  const pending = Vf.opened(known).when({ _tag: "SetState", requested: 5, ...Vf.surroundings() })
  const sent = write(pending, send(0x04))
  assert.strictEqual(sent.state.init, 0)
  assert.strictEqual(Vf.settle(sent).state.migrationState, "RUNNING_P2P")
})

/** States for people, and times. */
import { assert, it } from "@effect/vitest"
import { stateText } from "../../src/replay/StateText.ts"
import { timeText } from "../../src/replay/TimelineText.ts"

it("fields are nested by indentation; bytes are counted and digested; registers are in hexadecimal", () => {
  const state = {
    migrationState: "STOP",
    block: Buffer.from([1, 2, 3]).toString("base64"),
    bytes: Buffer.alloc(4096).toString("base64"),
    registers: { "bank0.ring0.TAIL": 256 },
    slas: [{ ringPairMask: "160" }],
    files: {},
    saving: null
  }
  assert.deepStrictEqual(stateText(state), [
    "  migrationState: STOP",
    "  block: 3 bytes, sha256 039058c6f2c0cb49...",
    "  bytes: 4096 bytes, all zero",
    "  registers:",
    "    bank0.ring0.TAIL: 0x100",
    "  slas:",
    "    0:",
    "      ringPairMask: 0xa0",
    "  files: none",
    "  saving: none"
  ])
})

it("times are UTC with microseconds", () => {
  assert.strictEqual(timeText(1_767_323_045_678_901), "2026-01-02T03:04:05.678901Z")
  assert.strictEqual(timeText(0), "1970-01-01T00:00:00.000000Z")
})

/** Payloads in one line. */
import { assert, it } from "@effect/vitest"
import { type Outcome, pack } from "@stopcopy/qat"
import { payloadText } from "../../src/replay/Payload.ts"

const bytes = (count: number): string => Buffer.alloc(count, 7).toString("base64")

/** An outcome of 64 bytes in and 16 out, with a status. */
const outcome = (slot: number, status: number): Outcome => ({
  slot,
  responseSlot: slot,
  input: 64,
  response: Uint8Array.from({ length: 32 }, (_, at) => (at === 6 ? status : 0)),
  written: [{ address: 0x1000n, length: 16 }],
  crc32: 0,
  fault: null
})

it("every kind of payload is short and says what it means", () => {
  const cases: ReadonlyArray<readonly [unknown, string]> = [
    [{ _tag: "Opened" }, ""],
    [{ _tag: "ArcTaken", from: "RUNNING", to: "PRE_COPY" }, "RUNNING -> PRE_COPY"],
    [{ _tag: "OperationStarted", id: 1, requested: 3 }, "id=1 requested=STOP_COPY (3)"],
    [{ _tag: "StateSaved", offset: 90, bytes: bytes(4006) }, "offset=90 bytes=4006 bytes"],
    [{ _tag: "RegisterWritten", bar: 0, offset: 0x2100, value: 0x80 }, "BAR0 0x2100 bank1.ring0.TAIL = 0x80"],
    [{ _tag: "RegisterWritten", bar: 2, offset: 0x100c, value: 0xf }, "BAR2 0x100c VM2PF = 0xf"],
    [{ _tag: "RegisterWritten", bar: 0, offset: 4, value: 1 }, "BAR0 0x4 no register = 0x1"],
    [{ _tag: "Probed", deviceId: 0x4941, registers: { PF2VM: 1 } }, "deviceId=0x4941 registers=(1 not 0)"],
    [
      { _tag: "OperationEnded", id: 2, failure: { name: "EINVAL", errno: 22, refusal: { code: "a.b" } }, file: null },
      "id=2 failure=EINVAL (a.b) file=none"
    ],
    [{ _tag: "ArcWaits", to: "STOP_COPY", waiting: { _tag: "Drain", bank: 3 } }, "to=STOP_COPY waiting=Drain(bank=3)"],
    [{ _tag: "ArcWaits", to: "STOP_COPY", waiting: { _tag: "MailboxLock" } }, "to=STOP_COPY waiting=MailboxLock"],
    [{ _tag: "SlaAdded", sla: { service: 1, ringPairMask: "160" } }, "sla=(service=1 ringPairMask=0xa0)"],
    [{ _tag: "StateLoaded", writes: [[0, 4, 1]], failure: null }, "writes=1 failure=none"],
    [
      {
        _tag: "RequestsExecuted",
        bank: 1,
        head: 384,
        tail: 96,
        count: 3,
        outcomes: pack([outcome(1, 0), outcome(2, 8), outcome(3, 0x82)])
      },
      "bank1 3 requests from slot 1, 1 failed, 192 bytes in, 48 out"
    ],
    [{ _tag: "Later", text: "x".repeat(500) }, `text=${"x".repeat(57)}...`],
    ["no record", "no record"]
  ]
  for (const [payload, text] of cases) assert.strictEqual(payloadText(payload), text)
})

/** What the messages of a wire add up to, each command and event through its schema. */
import { assert, it } from "@effect/vitest"
import { given } from "@stopcopy/runtime/testing"
import { Message as Wire, Messages } from "@stopcopy/vfio-user"
import { recordOf } from "../../src/record/Recorded.ts"
import { behavior } from "../../src/record/Wire.ts"
import type { Direction, WireCommand } from "../../src/record/WireCommand.ts"
import type { WireEvent } from "../../src/record/WireEvent.ts"

const opened: WireEvent = { _tag: "ConnectionOpened", connection: 1, descriptors: true }
const forwarded = (direction: Direction, bytes: Uint8Array): WireEvent => ({
  _tag: "MessageForwarded",
  ...recordOf(1, direction, bytes, 0, false)
})
const version = Messages.Version.encode({ major: 0, minor: 1, capabilities: {} })
const state = (number: number) =>
  Messages.DeviceFeature.encode({ argsz: 16, flags: 2 | 0x2_0000, data: Messages.MigState.encode(number) })

const after = (...events: ReadonlyArray<WireEvent>) => events.reduce(behavior.evolve, behavior.initial)

/** Told this, the wire records that. */
const assertRecorded = (command: WireCommand, event: WireEvent): void => {
  given(behavior, [opened]).when(command).expectEvents(event)
}

it("a command is recorded as it is told", () => {
  const bytes = Wire.encodeCommand(1, 1, version)
  assertRecorded({ _tag: "Forward", ...recordOf(1, "to server", bytes, 0, false) }, forwarded("to server", bytes))
  const end = { connection: 1, by: "client", reason: "" } as const
  assertRecorded({ _tag: "Close", ...end }, { _tag: "ConnectionClosed", ...end })
})

it("requests are outstanding until their replies, in both directions", () => {
  const asked = [
    opened,
    forwarded("to server", Wire.encodeCommand(7, 9, new Uint8Array(16))),
    forwarded("to server", Wire.encodeCommand(7, 4, new Uint8Array(16))),
    forwarded("to server", Wire.encodeCommand(8, 10, new Uint8Array(16), false)),
    forwarded("to client", Wire.encodeCommand(7, 11, new Uint8Array(16)))
  ]
  assert.deepStrictEqual(
    after(...asked).open[1]?.outstanding.map(({ command, id }) => [command, id]),
    [
      ["REGION_READ", 7],
      ["DEVICE_GET_INFO", 7],
      ["DMA_READ", 7]
    ]
  )
  const answered = after(...asked, forwarded("to client", Wire.encodeReply(7, 9)))
  assert.deepStrictEqual(
    answered.open[1]?.outstanding.map(({ command }) => command),
    ["DEVICE_GET_INFO", "DMA_READ"]
  )
  assert.deepStrictEqual(
    after(...asked, { _tag: "ConnectionClosed", connection: 1, by: "server", reason: "" }).open,
    {}
  )
})

it("version, migration state and errnos are what replies say", () => {
  const agreed = after(opened, forwarded("to client", Wire.encodeReply(1, 1, version)))
  assert.strictEqual(agreed.open[1]?.version, "0.1")
  assert.strictEqual(after(opened, forwarded("to server", Wire.encodeCommand(2, 16, state(3)))).migrationState, null)
  const stopped = [opened, forwarded("to client", Wire.encodeReply(2, 16, state(3)))]
  assert.strictEqual(after(...stopped).migrationState, "STOP_COPY (3)")
  assert.strictEqual(after(...stopped, forwarded("to client", Wire.encodeReply(3, 13))).migrationState, null)
  const failed = after(...stopped, forwarded("to client", Wire.encodeErrorReply(4, 16, 22)))
  assert.deepStrictEqual([failed.migrationState, failed.errnos], ["STOP_COPY (3)", { 22: 1 }])
  assert.deepStrictEqual(failed.commands["DEVICE_FEATURE"], { requests: 0, replies: 2, errors: 1, bytes: 48 })
})

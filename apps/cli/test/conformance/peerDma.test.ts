/** A device that does DMA in a P2P state is found: the server behind the wire asks for memory whenever a register is read there. */
import { assert, it } from "@effect/vitest"
import { MigrationStates } from "@stopcopy/vfio"
import { type Accept, Command, Header, Message, Messages } from "@stopcopy/vfio-user"
import { memoryBase } from "@stopcopy/vfio-user/conformance"
import { Effect, Option } from "effect"
import { join } from "node:path"
import { conformance } from "../../src/conformance/conformance.ts"
import { answerOf } from "../commands.ts"
import { folder, serveVf } from "./device.ts"

const transfer = Messages.DmaTransfer.encode({ address: memoryBase, count: 4, data: new Uint8Array(0) })
/** SET of the migration state: the low bits of its flags, and where the state stands in the message. */
const setState = 0x2_0002
const stateAt = Header.headerBytes + Messages.DeviceFeature.headBytes

/** Answers of the client to this command are not due to the server behind. */
const intruding = 0xfffe

/** The bytes behind such answers. */
const withoutAnswers = (bytes: Uint8Array): Uint8Array => {
  if (bytes.byteLength === 0) return bytes
  const { id, size } = Header.decodeHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0)
  return id === intruding ? withoutAnswers(bytes.subarray(size)) : bytes
}

const peering =
  (accept: Accept): Accept =>
  (connection) => {
    const receiver = accept(connection)
    let isPeering = false
    return {
      received: (all, descriptors) => {
        const bytes = withoutAnswers(all)
        if (bytes.byteLength === 0) return
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        const { command } = Header.decodeHeader(view, 0)
        if (command === Command.DEVICE_FEATURE && bytes.byteLength > stateAt && view.getUint32(20, true) === setState) {
          isPeering = Option.exists(MigrationStates.fromNumber(view.getUint32(stateAt, true)), MigrationStates.isP2P)
        }
        if (isPeering && command === Command.REGION_READ) {
          connection.send(Message.encodeCommand(intruding, Command.DMA_READ, transfer))
        }
        receiver.received(bytes, descriptors)
      },
      drained: () => receiver.drained(),
      closed: (failure) => receiver.closed(failure)
    }
  }

it.scopedLive("DMA in P2P states is found, and in no other state", () =>
  Effect.gen(function* () {
    const socket = join(yield* folder, "vf.sock")
    yield* serveVf(socket, peering)
    const given = { socket: Option.some(socket), only: ["dma.in"], list: false, json: false, junit: Option.none() }
    const { failure, lines } = yield* Effect.promise(() => answerOf(conformance(given)))
    const failed = lines.filter((line) => line.startsWith("FAIL"))
    assert.deepStrictEqual(
      failed.map((line) => /^FAIL {2}(\S+): .* expected (.*), found \d+ transfers/.exec(line)?.slice(1)),
      [
        ["dma.in.RUNNING_P2P", "no DMA in RUNNING_P2P"],
        ["dma.in.PRE_COPY_P2P", "no DMA in PRE_COPY_P2P"]
      ]
    )
    assert.deepStrictEqual([failure?._tag, failure?.message], ["Negative", "2 clauses failed"])
  })
)

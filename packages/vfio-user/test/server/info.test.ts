/** What the device says of itself: sections 5, 6, 10 and 11, and the argsz rules of section 3. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Messages } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { words } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const info = Command.DEVICE_GET_INFO
const region = Command.DEVICE_GET_REGION_INFO
const fds = Command.DEVICE_GET_REGION_IO_FDS
const irq = Command.DEVICE_GET_IRQ_INFO

const regionRequest = (argsz: number, index: number) =>
  Messages.RegionInfo.encode({ argsz, flags: 0, index, capOffset: 0, size: 0, offset: 0n })
const regionReply = (flags: number, index: number, size: number) =>
  Messages.RegionInfo.encode({ argsz: 32, flags, index, capOffset: 0, size, offset: 0n })

const cases: ReadonlyArray<readonly [name: string, command: number, request: Uint8Array, reply: number | Uint8Array]> =
  [
    ["GET_INFO of 8 bytes", info, words(16, 0), 22],
    ["GET_INFO with argsz 8", info, words(8, 0, 0, 0), 22],
    ["GET_INFO with argsz 32", info, words(32, 0, 0, 0), words(16, 3, 9, 5)],
    ["GET_INFO with more bytes", info, words(16, 0, 0, 0, 1, 2), words(16, 3, 9, 5)],
    ["GET_REGION_INFO of 8 bytes", region, words(32, 0), 22],
    ["GET_REGION_INFO with argsz 8", region, regionRequest(8, 0), 22],
    ["GET_REGION_INFO with argsz 31", region, regionRequest(31, 0), 22],
    ["GET_REGION_INFO of region 9", region, regionRequest(32, 9), 22],
    ["GET_REGION_INFO of BAR0 with argsz 40", region, regionRequest(40, 0), regionReply(3, 0, 0x1000)],
    ["GET_REGION_INFO of a read-only region", region, regionRequest(32, 2), regionReply(1, 2, 0x100)],
    ["GET_REGION_INFO of an absent region", region, regionRequest(32, 1), regionReply(0, 1, 0)],
    ["GET_REGION_INFO of config space", region, regionRequest(32, 7), regionReply(3, 7, 0x1000)],
    ["GET_REGION_IO_FDS of 12 bytes", fds, words(16, 0, 0), 22],
    ["GET_REGION_IO_FDS with flags 1", fds, words(16, 1, 0, 0), 22],
    ["GET_REGION_IO_FDS with count 1", fds, words(16, 0, 0, 1), 22],
    ["GET_REGION_IO_FDS with argsz 15", fds, words(15, 0, 0, 0), 22],
    ["GET_REGION_IO_FDS with argsz above 1 MiB", fds, words(0x10_0001, 0, 0, 0), 22],
    ["GET_REGION_IO_FDS of an absent region", fds, words(16, 0, 1, 0), 22],
    ["GET_REGION_IO_FDS of region 512", fds, words(16, 0, 512, 0), 22],
    ["GET_REGION_IO_FDS of BAR0", fds, words(1024, 0, 0, 0), words(16, 0, 0, 0)],
    ["GET_IRQ_INFO of 8 bytes", irq, words(16, 0), 22],
    ["GET_IRQ_INFO with argsz 8", irq, words(8, 0, 0, 0), 22],
    ["GET_IRQ_INFO of type 5", irq, words(16, 0, 5, 0), 22],
    ["GET_IRQ_INFO of MSI-X with argsz 99", irq, words(99, 0, 2, 0), words(16, 3, 2, 4)],
    ["GET_IRQ_INFO of a type that is automasked", irq, words(16, 0, 4, 0), words(16, 7, 4, 1)]
  ]

describe("a question about the device", () => {
  for (const [name, command, request, reply] of cases) {
    it.scoped(`${name}: ${typeof reply === "number" ? reply : "answered"}`, () =>
      Effect.gen(function* () {
        const { connect } = yield* serving()
        assert.deepStrictEqual(connect().version().ask(command, request), reply)
      })
    )
  }

  it.scoped("without descriptors there are no eventfds", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      assert.deepStrictEqual(
        connect(false)
          .version()
          .ask(irq, words(16, 0, 1, 0)),
        words(16, 2, 1, 2)
      )
    })
  )
})

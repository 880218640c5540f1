/** What two sides compare: digests of opaque data that name the place of a difference, and the values of a QAT VF. */
import { assert, describe, it } from "@effect/vitest"
import { Views } from "@stopcopy/agent"
import { MigratedView } from "@stopcopy/qat"
import { opaque, pieceLimit, qat, type StateFormat } from "@stopcopy/vmm/agent"
import { emulatedVf } from "@stopcopy/vmm/testing"
import { MigrationStates } from "@stopcopy/vfio"
import { Effect, Option } from "effect"
import { layer } from "../support/devices.ts"

const pieceBytes = 64 * 1024

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 0xff)

/** The view of these bytes, taken in parts of this size. */
const seen = (format: StateFormat, bytes: Uint8Array, part = bytes.length || 1) => {
  const reader = format.reader()
  for (let at = 0; at < bytes.length; at += part) reader.take(bytes.subarray(at, at + part))
  return reader.seen()
}

describe("opaque", () => {
  it("does not depend on how the data are divided", () => {
    const bytes = bytesOf(3 * pieceBytes + 5)
    const whole = seen(opaque, bytes)
    for (const part of [1000, pieceBytes, pieceBytes + 1]) assert.deepStrictEqual(seen(opaque, bytes, part), whole)
    assert.strictEqual(whole.view["DATA"]?.["bytes"], String(bytes.length))
    assert.deepStrictEqual(Object.keys(whole.view["PIECES"] ?? {}), ["0x0", "0x10000", "0x20000", "0x30000"])
  })

  it("names the piece in which one bit differs, and a length that differs", () => {
    const bytes = bytesOf(3 * pieceBytes)
    const other = bytes.slice()
    other[pieceBytes + 9] = (other[pieceBytes + 9] ?? 0) ^ 0x10
    const [one, two] = [seen(opaque, bytes), seen(opaque, other)]
    assert.notStrictEqual(one.digests.whole, two.digests.whole)
    assert.strictEqual(Views.firstDifference(one.view, two.view)?.field, "PIECES.0x10000")
    const short = seen(opaque, bytes.subarray(0, bytes.length - 1))
    assert.strictEqual(Views.firstDifference(one.view, short.view)?.field, "DATA.bytes")
    assert.notStrictEqual(seen(opaque, new Uint8Array(0)).digests.whole, one.digests.whole)
  })

  it("keeps a bounded number of digests, however much there is", () => {
    const reader = opaque.reader()
    const piece = bytesOf(pieceBytes)
    for (let count = 0; count < pieceLimit + 3; count++) {
      new DataView(piece.buffer).setUint32(0, count)
      reader.take(piece)
    }
    const pieces = Object.keys(reader.seen().view["PIECES"] ?? {})
    assert.isAtMost(pieces.length, pieceLimit)
    assert.strictEqual(pieces[1], "0x20000", "two pieces are one now")
  })
})

describe("QAT", () => {
  it.scopedLive("a block is seen as the VF that saved it", () =>
    Effect.gen(function* () {
      const { device, vf } = yield* emulatedVf("17")
      const migration = yield* Effect.orDie(Effect.fromNullable(device.migration))
      for (const [offset, value] of [
        [0x1000 * 3 + 0x40, 0x80],
        [0x10c, 0x1f]
      ] as const) {
        yield* device.write(0, offset, Uint8Array.of(value, 0, 0, 0))
      }
      const file = yield* Effect.map(migration.setState(MigrationStates.toNumber("STOP_COPY")), Option.getOrThrow)
      const block = yield* file.read(8192)
      const view = MigratedView.migratedView(yield* vf.state)
      assert.deepStrictEqual(seen(qat, block, 33), { view, digests: MigratedView.digest(view) })
      assert.isDefined(seen(qat, block.subarray(0, 100)).view["PIECES"], "half a block is bytes")
      assert.isDefined(seen(qat, new Uint8Array([...block, 0])).view["PIECES"], "what follows a block is seen too")
    }).pipe(Effect.provide(layer))
  )
})

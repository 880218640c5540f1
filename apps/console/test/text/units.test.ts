/** Bytes, lengths of time and times in words. */
import { assert, it } from "@effect/vitest"
import { agoText, bytesText, microsText, millisText, plural } from "../../src/text/units.ts"

it("bytes have the unit that fits", () => {
  assert.deepStrictEqual([0, 1023, 1536, 12 * 1024 ** 2, 3 * 1024 ** 5].map(bytesText), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "12.0 MiB",
    "3072.0 TiB"
  ])
})

it("lengths of time too, with a second unit where that says something", () => {
  const micros = [850, 12_400, 300_000, 3_100_000, 245_000_000, 240_000_000, 7_380_000_000, 90_000_000_000]
  assert.deepStrictEqual(micros.map(microsText), [
    "850 µs",
    "12.4 ms",
    "300 ms",
    "3.1 s",
    "4 min 5 s",
    "4 min",
    "2 h 3 min",
    "1 d 1 h"
  ])
  assert.deepStrictEqual([7, 83.6, 1500].map(millisText), ["7 ms", "83.6 ms", "1.5 s"])
})

it("times that people look at are told by how long ago they are", () => {
  const ago = (millis: number) => agoText(1_000_000_000 - millis, 1_000_000_000)
  assert.deepStrictEqual([0, 12_400, 61_000, 7_390_000].map(ago), ["now", "12 s ago", "1 min ago", "2 h 3 min ago"])
  assert.deepStrictEqual([plural(1, "VF"), plural(2, "VF")], ["1 VF", "2 VFs"])
})

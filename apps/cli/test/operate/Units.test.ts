/** Bytes and lengths of time as people read and write them. */
import { assert, it } from "@effect/vitest"
import { Either } from "effect"
import { bytesText, microsText, parseMillis, timeText } from "../../src/operate/Units.ts"

it("bytes and lengths of time have the unit that fits", () => {
  assert.deepStrictEqual([0, 1, 1023, 1536, 12 * 1024 ** 2, 3 * 1024 ** 4].map(bytesText), [
    "0 bytes",
    "1 byte",
    "1023 bytes",
    "1.5 KiB",
    "12.0 MiB",
    "3.0 TiB"
  ])
  assert.deepStrictEqual([850, 12_400, 300_000, 3_100_000, 245_000_000, 7_380_000_000].map(microsText), [
    "850 us",
    "12.4 ms",
    "300 ms",
    "3.1 s",
    "4 min 5 s",
    "2 h 3 min"
  ])
  assert.strictEqual(timeText(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), "2026-01-02T03:04:05Z")
})

it("a length of time is written with its unit, from 1ms to 7d; anything else is refused with its option", () => {
  const millis = (text: string) => Either.getOrUndefined(parseMillis("--patience", text))
  assert.deepStrictEqual(
    ["300ms", "2.5s", "10min", "1h", "7d"].map(millis),
    [300, 2500, 600_000, 3_600_000, 604_800_000]
  )
  for (const text of ["", "300", "0ms", "0.5ms", "8d", "-1s", "1 s", "1e3ms"]) {
    const refused = parseMillis("--patience", text)
    const message = Either.isLeft(refused) ? refused.left.message : ""
    assert.include(message, `--patience '${text}' is no length of time: write 300ms`)
  }
})

/** Deflate streams that are corrupt, each with the error code that tells why. Source: section 4.5 of the firmware specification. */
import { code, dynamicHead, fixedHead, pack } from "./Bits.ts"

/** Two codes of one bit each: "0" is the lower symbol, "1" the higher. */
const zeroOr = (symbol: number): Readonly<Record<number, number>> => ({ 0: 1, [symbol]: 1 })

const streams: ReadonlyArray<readonly [string, number, Uint8Array]> = [
  ["a block type that does not exist", -1, Uint8Array.of(0x07)],
  ["a stored length and its complement that do not agree", -2, Uint8Array.of(0x01, 5, 0, 5, 0)],
  ["288 literal codes", -3, pack(dynamicHead(288, 1, {}))],
  ["32 distance codes", -3, pack(dynamicHead(257, 32, {}))],
  ["code-length codes that are incomplete", -4, pack(dynamicHead(257, 1, { 16: 1 }))],
  ["a repeat before anything", -6, pack([...dynamicHead(257, 1, zeroOr(16)), ...code("1"), [0, 2]])],
  [
    "a repeat beyond the end",
    -6,
    pack([...dynamicHead(257, 1, zeroOr(18)), ...code("1"), [127, 7], ...code("1"), [127, 7]])
  ],
  [
    "no code for the end of the block",
    -7,
    pack([...dynamicHead(257, 1, zeroOr(18)), ...code("1"), [127, 7], ...code("1"), [109, 7]])
  ],
  ["too many literal codes of one bit", -7, pack([...dynamicHead(257, 1, zeroOr(1)), ...code("1".repeat(258))])],
  [
    "too many distance codes of one bit",
    -8,
    pack([...dynamicHead(257, 3, zeroOr(1)), ...code(`1${"0".repeat(255)}1111`)])
  ],
  ["a literal or length that does not exist", -9, pack([...fixedHead, ...code("11000110")])],
  [
    "a distance that does not exist",
    -9,
    pack([...fixedHead, ...code("00110000"), ...code("0000001"), ...code("11110")])
  ],
  ["a distance to before the beginning", -10, pack([...fixedHead, ...code("0000001"), ...code("00000")])]
]

/** Name, error code, and stream with some bytes behind it, so that it is not its end that is missed. */
export const corrupt = streams.map(
  ([name, error, stream]) => [name, error, Uint8Array.of(...stream, ...new Uint8Array(8))] as const
)

/** Data to compress, from a seed: the same seed gives the same bytes. */
import { randomFrom } from "../Fuzz.ts"

export const dataKinds = ["text", "random", "zeros", "repetitive", "mixed"] as const
type DataKind = (typeof dataKinds)[number]

const words =
  "the a of and to in is for with on device state ring bank queue driver guest host memory page dirty stop copy resume move".split(
    " "
  )

const text = (length: number, seed: number): Uint8Array => {
  const random = randomFrom(seed)
  const parts: Array<string> = []
  for (let left = length; left > 0;) {
    const number = random(9) === 0
    const word = number ? `${random(100_000)}` : (words[random(words.length)] ?? "")
    const part = `${word}${random(12) === 0 ? ".\n" : " "}`
    parts.push(part)
    left -= part.length
  }
  return new Uint8Array(Buffer.from(parts.join(""), "latin1").subarray(0, length))
}

const noise = (length: number, seed: number): Uint8Array => {
  const random = randomFrom(seed)
  return Uint8Array.from({ length }, () => random(0xffff_ffff) >>> 11)
}

/** `length` bytes. "mixed" is text, noise and zeros by turns. */
export const dataOf = (kind: DataKind, length: number, seed = 1): Uint8Array => {
  switch (kind) {
    case "text":
      return text(length, seed)
    case "random":
      return noise(length, seed)
    case "zeros":
      return new Uint8Array(length)
    case "repetitive": {
      const unit = noise(1 + (seed % 300), seed)
      return Uint8Array.from({ length }, (_, at) => unit[at % unit.length] ?? 0)
    }
    case "mixed": {
      const bytes = new Uint8Array(length)
      for (let at = 0, turn = seed; at < length; at += 1000, turn++) {
        const part = Math.min(1000, length - at)
        if (turn % 3 !== 2) bytes.set(turn % 3 === 0 ? text(part, turn + 1) : noise(part, turn + 1), at)
      }
      return bytes
    }
  }
}

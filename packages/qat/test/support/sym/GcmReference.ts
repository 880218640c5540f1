/**
 * AES-GCM from its definition in NIST SP 800-38D, block by block and slowly, from any first counter block: what the engine's own way is
 * held against.
 */
import { createCipheriv } from "node:crypto"

const blockBytes = 16
/** The polynomial 1 + x + x^2 + x^7 of the field, with the coefficient of x^0 in the highest bit. */
const reduction = 0xe1n << 120n

const numberOf = (block: Uint8Array): bigint => BigInt(`0x${Buffer.from(block).toString("hex")}`)
const blockOf = (number: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(number.toString(16).padStart(32, "0"), "hex"))

const product = (x: bigint, y: bigint): bigint => {
  let [sum, power] = [0n, y]
  for (let bit = 127n; bit >= 0n; bit--) {
    if (((x >> bit) & 1n) === 1n) sum ^= power
    power = (power & 1n) === 1n ? (power >> 1n) ^ reduction : power >> 1n
  }
  return sum
}

const blocksOf = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, index) => {
    const block = new Uint8Array(blockBytes)
    block.set(bytes.subarray(blockBytes * index, blockBytes * (index + 1)))
    return block
  })

const xor = (one: Uint8Array, other: Uint8Array): Uint8Array => one.map((byte, index) => byte ^ (other[index] ?? 0))

interface Reference {
  readonly output: Uint8Array
  /** 16 bytes. */
  readonly tag: Uint8Array
}

/** Enciphers or deciphers `data`; the tag is that of the ciphertext. */
export const gcmReference = (
  key: Uint8Array,
  counter: Uint8Array,
  aad: Uint8Array,
  data: Uint8Array,
  decrypt: boolean
): Reference => {
  const encrypted = (block: Uint8Array): Uint8Array =>
    new Uint8Array(createCipheriv(`aes-${8 * key.length}-ecb`, key, null).update(block))
  const first = numberOf(counter)
  const counterAt = (index: number): Uint8Array => {
    const low = BigInt.asUintN(32, first + BigInt(index))
    return blockOf(((first >> 32n) << 32n) | low)
  }
  const output = new Uint8Array(data.length)
  for (let at = 0; at < data.length; at += blockBytes) {
    output.set(xor(data.subarray(at, at + blockBytes), encrypted(counterAt(1 + at / blockBytes))), at)
  }
  const ciphertext = decrypt ? data : output
  const hashKey = numberOf(encrypted(new Uint8Array(blockBytes)))
  const lengths = blockOf((BigInt(8 * aad.length) << 64n) | BigInt(8 * ciphertext.length))
  const hash = [...blocksOf(aad), ...blocksOf(ciphertext), lengths].reduce(
    (sum, block) => product(sum ^ numberOf(block), hashKey),
    0n
  )
  return { output, tag: xor(blockOf(hash), encrypted(counter)) }
}

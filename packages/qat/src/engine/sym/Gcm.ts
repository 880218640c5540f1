/**
 * AES-GCM from its first counter block, with the whole tag in both directions, whatever part of it a request then uses.
 * Source: NIST SP 800-38D.
 *
 * Node derives the first counter block from the vector, so that only those ending in 1 can be had by name; and it does not tell the tag
 * of what it deciphers. Both are had from what it offers, at the speed of its AES:
 * G1 The tag of a ciphertext is what enciphering its plaintext again gives.
 * G2 A tag is the hash of ciphertext and associated data, XOR the encrypted first counter block. So the tag for one such block turns
 *    into the tag of the same ciphertext for another by XOR with both of them encrypted.
 */
import { createCipheriv, createDecipheriv } from "node:crypto"
import { blockBytes } from "./Cipher.ts"

interface GcmJob {
  readonly algorithm: "aes-128" | "aes-192" | "aes-256"
  readonly key: Uint8Array
  /** First counter block, 16 bytes: it encrypts the tag, and its successors the data. */
  readonly counter: Uint8Array
  readonly aad: Uint8Array
  readonly data: Uint8Array
  readonly decrypt: boolean
}

interface GcmResult {
  readonly output: Uint8Array
  /** 16 bytes. */
  readonly tag: Uint8Array
}

/** Size of the vector that makes a first counter block with a 1 behind it, in bytes. */
export const shortVectorBytes = 12

/** The counter in the last 32 bits of a block, big endian. */
const countOf = (block: Uint8Array): number => new DataView(block.buffer, block.byteOffset, blockBytes).getUint32(12)

/** `block` with another counter. */
const withCount = (block: Uint8Array, count: number): Uint8Array => {
  const copy = new Uint8Array(block)
  new DataView(copy.buffer).setUint32(12, count)
  return copy
}

const sealed = ({ aad, algorithm, key }: GcmJob, vector: Uint8Array, plaintext: Uint8Array): GcmResult => {
  const cipher = createCipheriv(`${algorithm}-gcm`, key, vector)
  cipher.setAAD(aad)
  const output = cipher.update(plaintext)
  cipher.final()
  return { output, tag: cipher.getAuthTag() }
}

/** The plaintext, not authenticated. */
const opened = ({ algorithm, key }: GcmJob, vector: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  createDecipheriv(`${algorithm}-gcm`, key, vector).update(ciphertext)

const encryptBlock = ({ algorithm, key }: GcmJob, block: Uint8Array): Uint8Array =>
  createCipheriv(`${algorithm}-ecb`, key, null).update(block)

/** XOR with the stream of the blocks after `counter`. Only the last 32 bits count, unlike in Node's CTR: it must not run past them. */
const streamed = ({ algorithm, counter, data, key }: GcmJob): Uint8Array => {
  const ctr = (block: Uint8Array, piece: Uint8Array) => createCipheriv(`${algorithm}-ctr`, key, block).update(piece)
  const start = (countOf(counter) + 1) >>> 0
  const first = ctr(withCount(counter, start), data.subarray(0, blockBytes * (2 ** 32 - start)))
  if (first.length === data.length) return first
  return Buffer.concat([first, ctr(withCount(counter, 0), data.subarray(first.length))])
}

/** The tag of `ciphertext` for a first counter block that Node does not offer: G1 with another one, then G2. */
const tagOf = (job: GcmJob, ciphertext: Uint8Array): Uint8Array => {
  const vector = new Uint8Array(shortVectorBytes)
  const { tag } = sealed(job, vector, opened(job, vector, ciphertext))
  const offered = encryptBlock(job, withCount(new Uint8Array(blockBytes), 1))
  const wanted = encryptBlock(job, job.counter)
  return tag.map((byte, index) => byte ^ (offered[index] ?? 0) ^ (wanted[index] ?? 0))
}

/** Enciphers or deciphers, and gives the tag that belongs to the ciphertext. */
export const gcm = (job: GcmJob): GcmResult => {
  if (countOf(job.counter) !== 1) {
    const output = streamed(job)
    return { output, tag: tagOf(job, job.decrypt ? job.data : output) }
  }
  const vector = job.counter.subarray(0, shortVectorBytes)
  if (!job.decrypt) return sealed(job, vector, job.data)
  const output = opened(job, vector, job.data)
  return { output, tag: sealed(job, vector, output).tag }
}

/** The first counter block that belongs to a vector of 12 bytes. */
export const counterOf = (vector: Uint8Array): Uint8Array => {
  const block = new Uint8Array(blockBytes)
  block.set(vector.subarray(0, shortVectorBytes))
  return withCount(block, 1)
}

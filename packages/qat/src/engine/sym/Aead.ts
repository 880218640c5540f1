/**
 * AES-GCM as the device offers it: in a single pass of the cipher, and over the two slices for a first counter block of the caller's.
 * Source: `qat_sym_session.c` and `qat_crypto_pmd_gen4.c` of DPDK; section 3.6 of the firmware specification.
 */
import { gather } from "../Buffer.ts"
import { read, type Steps } from "../Steps.ts"
import { blockBytes, type CipherConfig, cipherOf } from "./Cipher.ts"
import { counterOf, gcm, shortVectorBytes } from "./Gcm.ts"
import { galois, hashKind, hashWord } from "./Hash.ts"
import { digestSize, type Job, mayRead, type Result, vectorAt } from "./Job.ts"
import { aadAddress, Command, type Region, Slice } from "./Parameters.ts"
import { isRefusal, maxBytes, type Refusal } from "./Refusal.ts"

/** Bytes of a whole tag, and of the shortest. */
const tagBytes = 16
const leastTag = 4

/** What the two ways have in common: reads, then works over `region`. */
function* authenticated(
  job: Job,
  { algorithm, key }: CipherConfig,
  region: Region,
  aadBytes: number,
  decrypt: boolean
): Steps<Result | Refusal> {
  const { parameters } = job
  if (algorithm === "null") return "unsupported"
  const size = digestSize(parameters, tagBytes, leastTag)
  if (isRefusal(size)) return size
  if (aadBytes > maxBytes) return "invalid"
  const vectorLength = parameters.shortVector ? shortVectorBytes : blockBytes
  const vector = parameters.vectorInRequest ? parameters.vector : yield* vectorAt(job, vectorLength)
  const aad = yield* read(aadAddress(job.request), aadBytes)
  if (!mayRead(job, region)) return "invalid"
  const data = yield* gather(job.source, region.offset, region.length)
  const counter = parameters.shortVector ? counterOf(vector) : vector
  const { output, tag } = gcm({ algorithm, key, counter, aad, data, decrypt })
  return {
    pieces: [{ offset: region.offset, bytes: output }],
    digest: { bytes: tag, size, at: region.offset + region.length },
    input: region.length
  }
}

/** Command 0 with the single-pass flag. The size of the tag has one place only; the AAD size takes that of the auth length. */
export function* singlePass(job: Job): Steps<Result | Refusal> {
  const { parameters } = job
  if (parameters.slice !== Slice.ucs) return "unsupported"
  const config = cipherOf(job.descriptor, parameters.cipherAt, "ucs")
  if (isRefusal(config)) return config
  if (config.mode !== "aead") return "unsupported"
  const { auth, cipher, resultBytes } = parameters
  const onePlace: Job = { ...job, parameters: { ...parameters, finalBytes: resultBytes } }
  return yield* authenticated(onePlace, config, cipher, auth.length, config.decrypt)
}

/** Bytes in the hash's second state before the length of the AAD: the hash key. */
const aadLengthAt = 16
/** Bytes of the setup before its counter, big endian: 0 says GMAC, which has no cipher. */
const counterAt = 8

/** Commands 2 and 3 with the GCM protocol: a counter mode and a Galois hash over the same region. */
export function* twoSlices(job: Job): Steps<Result | Refusal> {
  const { descriptor, parameters } = job
  const { auth, cipher, command, hashAt, state2At } = parameters
  if (parameters.slice !== Slice.ucs) return "unsupported"
  const config = cipherOf(descriptor, parameters.cipherAt, "ucs")
  if (isRefusal(config)) return config
  const word = hashWord(descriptor, hashAt)
  const lengthAt = state2At + aadLengthAt
  if (word === undefined || lengthAt + 4 > descriptor.length) return "invalid"
  const { algorithm, mode } = hashKind(word)
  const view = new DataView(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength)
  if (config.mode !== "ctr" || algorithm !== galois || mode !== 1) return "unsupported"
  if (view.getUint32(hashAt + counterAt) === 0) return "unsupported"
  if (auth.offset !== cipher.offset || auth.length !== cipher.length) return "invalid"
  return yield* authenticated(job, config, cipher, view.getUint32(lengthAt), command === Command.hashCipher)
}

/**
 * Cipher, hash, and the two in either order. Which comes first is what the command says: the slice ids of the control block are not looked
 * at, as not every driver fills them in. Source: sections 3.5, 3.7 to 3.9 of the firmware specification.
 */
import { answer, ErrorCode, type Executed, type Request } from "../Message.ts"
import type { Steps } from "../Steps.ts"
import { cipherConfig, type CipherConfig, cipherOf, takes, transform, vectorBytes } from "./Cipher.ts"
import { cipherConstant, hashConstant } from "./Constants.ts"
import { type HashConfig, hashOf, plainHash } from "./Hash.ts"
import { beyond, gather } from "../Buffer.ts"
import { digestSize, type Job, mayRead, type Piece, type Result, spanOf, vectorAt } from "./Job.ts"
import { Command, type Parameters, type Region, Slice } from "./Parameters.ts"
import { isRefusal, maxBytes, type Refusal, refuse } from "./Refusal.ts"

/** The hash needs at least one byte to return or to compare. */
const leastDigest = 1

type Configured = Pick<Job, "descriptor" | "parameters">

const cipherFor = ({ descriptor, parameters }: Configured): CipherConfig | Refusal => {
  const { cipherAt, cipherConstant: index, constants, slice } = parameters
  if (!constants) return cipherOf(descriptor, cipherAt, slice === Slice.ucs ? "ucs" : "legacy")
  const word = cipherConstant(index)
  return word === undefined ? "unsupported" : cipherConfig(word, descriptor)
}

const hashFor = ({ descriptor, parameters }: Job): HashConfig | Refusal => {
  const { constants, hashAt, hashConstant: index, state2At } = parameters
  if (!constants) return hashOf(descriptor, hashAt, state2At)
  const word = hashConstant(index)
  return word === undefined ? "unsupported" : plainHash(word)
}

const end = ({ length, offset }: Region): number => offset + length

/** Bytes `from` to `to` of a buffer of which `bytes` begin at `offset`; none if they are not in order. */
const between = ({ bytes, offset }: Piece, from: number, to: number): Piece => ({
  offset: from,
  bytes: to > from ? bytes.subarray(from - offset, to - offset) : bytes.subarray(0, 0)
})

/** The bytes of the auth region before and after the cipher region. */
const outside = (span: Piece, { auth, cipher }: Parameters): readonly [Piece, Piece] => [
  between(span, auth.offset, Math.min(end(auth), cipher.offset)),
  between(span, Math.max(auth.offset, end(cipher)), end(auth))
]

/** Those bytes as the destination gets them: it should look like the source with the region enciphered. */
const copied = ({ inPlace }: Job, pieces: ReadonlyArray<Piece>): ReadonlyArray<Piece> =>
  inPlace
    ? []
    : // A read may have given a view of guest memory, and these bytes are written after the request.
      pieces.flatMap(({ bytes, offset }) => (bytes.length === 0 ? [] : [{ offset, bytes: new Uint8Array(bytes) }]))

const noBytes = new Uint8Array(0)

/** The configuration of a cipher that works alone. */
const cipherAlone = (job: Configured): CipherConfig | Refusal => {
  const config = cipherFor(job)
  if (isRefusal(config)) return config
  if (config.mode === "aead") return "unsupported"
  return takes(config, job.parameters.cipher.length) ? config : "invalid"
}

/** Command 0: the cipher alone. */
export function* cipherOnly(job: Job): Steps<Result | Refusal> {
  const { parameters } = job
  const config = cipherAlone(job)
  if (isRefusal(config)) return config
  const vector = parameters.vectorInRequest ? parameters.vector : yield* vectorAt(job, vectorBytes(config))
  const { length, offset } = parameters.cipher
  if (!mayRead(job, parameters.cipher)) return "invalid"
  const output = transform(config, vector, yield* gather(job.source, offset, length))
  return { pieces: [{ offset, bytes: output }], input: length }
}

/**
 * The whole of a request for the cipher alone, with flat buffers and its vector in the request: most requests are. It asks for memory itself, since a
 * coroutine that calls others takes a kilobyte.
 */
export function* flatCipher(request: Request, parameters: Parameters): Steps<Executed> {
  const { descriptorAddress, descriptorBytes } = request
  const descriptor = descriptorBytes === 0 ? noBytes : yield { address: descriptorAddress, length: descriptorBytes }
  const config = cipherAlone({ descriptor, parameters })
  if (isRefusal(config)) return refuse(config)
  const { length, offset } = parameters.cipher
  if (offset + length > request.sourceBytes || length > maxBytes) return refuse("invalid")
  const data = length === 0 ? noBytes : yield { address: beyond(request.source, offset), length }
  const bytes = transform(config, parameters.vector, data)
  if (offset + length > request.destinationBytes) return refuse("invalid")
  const writes = length === 0 ? [] : [{ address: beyond(request.destination, offset), bytes }]
  return answer(0, ErrorCode.none, writes, length)
}

/** Command 1: the hash alone. */
export function* hashOnly(job: Job): Steps<Result | Refusal> {
  const { parameters } = job
  const config = hashFor(job)
  if (isRefusal(config)) return config
  const size = digestSize(parameters, config.digestBytes, leastDigest)
  if (isRefusal(size)) return size
  const { length, offset } = parameters.auth
  if (!mayRead(job, parameters.auth)) return "invalid"
  const data = yield* gather(job.source, offset, length)
  return { pieces: [], digest: { bytes: config.digest([data]), size, at: end(parameters.auth) }, input: length }
}

/** Commands 2 and 3: both. What is hashed is the source where the hash comes first, and the destination where the cipher does. */
export function* chain(job: Job): Steps<Result | Refusal> {
  const { parameters } = job
  const { auth, cipher, command } = parameters
  const config = cipherFor(job)
  if (isRefusal(config)) return config
  const hash = hashFor(job)
  if (isRefusal(hash)) return hash
  if (config.mode === "aead") return "unsupported"
  const size = digestSize(parameters, hash.digestBytes, leastDigest)
  if (isRefusal(size)) return size
  if (!takes(config, cipher.length)) return "invalid"
  const vector = parameters.vectorInRequest ? parameters.vector : yield* vectorAt(job, vectorBytes(config))
  const span = yield* spanOf(job, [cipher, auth])
  if (isRefusal(span)) return span

  const input = between(span, cipher.offset, end(cipher))
  const output: Piece = { offset: cipher.offset, bytes: transform(config, vector, input.bytes) }
  const [before, after] = outside(span, parameters)
  const [from, to] = [Math.max(auth.offset, cipher.offset), Math.min(end(auth), end(cipher))]
  const inside = between(command === Command.cipherHash ? output : input, from, to)
  const digest = hash.digest([before.bytes, inside.bytes, after.bytes])
  return {
    pieces: [output, ...copied(job, [before, after])],
    digest: { bytes: digest, size, at: end(auth) },
    input: span.bytes.length
  }
}

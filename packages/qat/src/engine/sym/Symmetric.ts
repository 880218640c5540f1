/**
 * Service type 4 (LA): ciphers, hashes, chains of both, and AES-GCM in one pass or over two slices. Source: `icp_qat_fw_la.h` of DPDK and of the kernel;
 * section 3 of the firmware specification.
 *
 * S1 The command says what is done, and in which order; the slice ids of the control blocks are not looked at.
 * S2 A digest that does not agree is a status; the data are written all the same.
 * S3 A chain that is not in place copies the hashed bytes around the ciphered ones: the driver expects its associated data there.
 */
import { type Buffer, flat, gather, holds, list, scatter } from "../Buffer.ts"
import { answer, type Executed, type Request, Status } from "../Message.ts"
import { type DmaWrite, read, type Steps } from "../Steps.ts"
import { type CipherConfig, cipherConfig, cipherOf, takes, transform } from "./Cipher.ts"
import { cipherConstant, hashConstant } from "./Constants.ts"
import { counterOf, gcm } from "./Gcm.ts"
import { galois, type HashConfig, hashKind, hashOf, hashWord, plainHash } from "./Hash.ts"
import { Command, decodeParameters, type Parameters, Protocol, type Region, Slice } from "./Parameters.ts"
import { isRefusal, maxBytes, type Refusal, refuse } from "./Refusal.ts"

/** A request with its buffers. */
interface Job {
  readonly parameters: Parameters
  readonly source: Buffer
  readonly destination: Buffer
  readonly inPlace: boolean
  /** Content descriptor; the key alone where configurations come from the table of constants. */
  readonly descriptor: Uint8Array
}

const keyAt = 8
const constantKeyBytes = 16
const vectorBytes = 16
/** Where the second state of a GCM hash has the size of the associated data, big endian: behind the hash key. In bytes. */
const aadBytesAt = 16

const isUnsupported = ({ inPlaceDescriptor }: Request, of: Parameters): boolean =>
  of.command > Command.hashCipher ||
  of.partial ||
  of.zuc ||
  of.extended !== 0 ||
  of.slice > Slice.ucs ||
  (of.protocol !== Protocol.none && of.protocol !== Protocol.gcm) ||
  (inPlaceDescriptor && !of.constants)

const isTooLong = ({ offset, length }: Region): boolean => length > maxBytes || offset > maxBytes

function* bufferOf(request: Request, address: bigint, length: number): Steps<Buffer | undefined> {
  return request.scattered ? yield* list(address) : flat(address, length)
}

function* open(request: Request, parameters: Parameters): Steps<Job | Refusal> {
  const { destination: to, destinationBytes, source: from, sourceBytes, view } = request
  if (isUnsupported(request, parameters)) return "unsupported"
  if (isTooLong(parameters.cipher) || isTooLong(parameters.auth)) return "invalid"
  const descriptor = request.inPlaceDescriptor
    ? new Uint8Array(view.buffer, view.byteOffset + keyAt, constantKeyBytes)
    : yield* read(request.descriptorAddress, request.descriptorBytes)
  const inPlace = from === to
  const source = yield* bufferOf(request, from, sourceBytes)
  const destination = inPlace && request.scattered ? source : yield* bufferOf(request, to, destinationBytes)
  if (source === undefined || destination === undefined) return "invalid"
  return { parameters, source, destination, inPlace, descriptor }
}

const cipherIn = ({ descriptor, parameters }: Job): CipherConfig | Refusal => {
  const { cipherAt, cipherConstant: index, constants, slice } = parameters
  if (!constants) return cipherOf(descriptor, cipherAt, slice === Slice.ucs ? "ucs" : "legacy")
  const word = cipherConstant(index)
  return word === undefined ? "unsupported" : cipherConfig(word, descriptor)
}

const hashIn = ({ descriptor, parameters }: Job): HashConfig | Refusal => {
  const { constants, hashAt, hashConstant: index, hashFlags, state2At } = parameters
  // Nested hashes, HMAC of mode 2, and the wireless algorithms.
  if ((hashFlags & 0x39) !== 0) return "unsupported"
  if (!constants) return hashOf(descriptor, hashAt, state2At)
  const word = hashConstant(index)
  return word === undefined ? "unsupported" : plainHash(word)
}

function* vectorOf({ vector, vectorAddress, vectorInRequest }: Parameters): Steps<Uint8Array> {
  return vectorInRequest ? vector : yield* read(vectorAddress, vectorBytes)
}

/** How many bytes of a digest are asked for: when it is made, what the control block says; when it is compared, the parameters first. */
const digestBytesOf = ({ finalBytes, resultBytes, verify }: Parameters): number =>
  verify && resultBytes !== 0 ? resultBytes : finalBytes

/** Where the digest lies: behind `region` of a buffer, or at its own address. */
const digestPlace = (job: Job, buffer: Buffer, region: Region, length: number): Buffer | undefined => {
  const { digestAddress, digestInBuffer } = job.parameters
  if (!digestInBuffer) return flat(digestAddress, length)
  const at = region.offset + region.length
  return holds(buffer, at, length) ? { pieces: slice(buffer, at), length } : undefined
}

/** The pieces of a buffer from `offset` on. */
const slice = ({ pieces }: Buffer, offset: number): Buffer["pieces"] => {
  let skip = offset
  return pieces.flatMap(({ address, length }) => {
    const passed = Math.min(skip, length)
    skip -= passed
    return passed === length ? [] : [{ address: BigInt.asUintN(64, address + BigInt(passed)), length: length - passed }]
  })
}

interface Checked {
  readonly status: number
  readonly writes: ReadonlyArray<DmaWrite>
}

/** Writes a digest, or compares it, as the request asks. `digest` is whole. */
function* settle(job: Job, region: Region, digest: Uint8Array, length: number): Steps<Checked | Refusal> {
  const { generate, verify } = job.parameters
  if (length === 0 || length > digest.length) return "invalid"
  const wanted = digest.subarray(0, length)
  if (generate) {
    const place = digestPlace(job, job.destination, region, length)
    return place === undefined ? "invalid" : { status: 0, writes: scatter(place, 0, wanted) }
  }
  if (!verify) return { status: 0, writes: [] }
  const place = digestPlace(job, job.source, region, length)
  if (place === undefined) return "invalid"
  const given = yield* gather(place, 0, length)
  const same = wanted.every((byte, index) => byte === given[index])
  return { status: same ? 0 : Status.cryptoError, writes: [] }
}

const succeed = (input: number, { status, writes }: Checked, ...before: ReadonlyArray<DmaWrite>): Executed => ({
  ...answer(status),
  input,
  writes: before.length === 0 ? writes : [...before, ...writes]
})

const nothingChecked: Checked = { status: 0, writes: [] }

/** The cipher's own region, whose result must fit the destination. */
const cipherFits = ({ destination, parameters: { cipher }, source }: Job, config: CipherConfig): boolean =>
  holds(source, cipher.offset, cipher.length) &&
  holds(destination, cipher.offset, cipher.length) &&
  takes(config, cipher.length)

function* cipherOnly(job: Job): Steps<Executed | Refusal> {
  const config = cipherIn(job)
  if (isRefusal(config)) return config
  if (config.mode === "aead") return yield* singlePass(job, config)
  const { cipher } = job.parameters
  if (!cipherFits(job, config)) return "invalid"
  const vector = yield* vectorOf(job.parameters)
  const output = transform(config, vector, yield* gather(job.source, cipher.offset, cipher.length))
  return succeed(cipher.length, nothingChecked, ...scatter(job.destination, cipher.offset, output))
}

function* hashOnly(job: Job): Steps<Executed | Refusal> {
  const hash = hashIn(job)
  if (isRefusal(hash)) return hash
  const { auth } = job.parameters
  if (!holds(job.source, auth.offset, auth.length)) return "invalid"
  const digest = hash.digest([yield* gather(job.source, auth.offset, auth.length)])
  const checked = yield* settle(job, auth, digest, digestBytesOf(job.parameters))
  return isRefusal(checked) ? checked : succeed(auth.length, checked)
}

/** The parts of the hashed region before and behind the ciphered one, and the part that both have. */
const around = ({ auth, cipher }: Parameters): readonly [before: Region, shared: Region, behind: Region] => {
  const [from, to] = [auth.offset, auth.offset + auth.length]
  const first = Math.min(Math.max(cipher.offset, from), to)
  const last = Math.min(Math.max(cipher.offset + cipher.length, first), to)
  const piece = (offset: number, end: number): Region => ({ offset, length: end - offset })
  return [piece(from, first), piece(first, last), piece(last, to)]
}

function* chain(job: Job): Steps<Executed | Refusal> {
  const [config, hash] = [cipherIn(job), hashIn(job)]
  if (isRefusal(config)) return config
  if (isRefusal(hash)) return hash
  if (config.mode === "aead") return "unsupported"
  const { auth, cipher, command } = job.parameters
  if (!cipherFits(job, config) || !holds(job.source, auth.offset, auth.length)) return "invalid"
  const [before, shared, behind] = around(job.parameters)
  const vector = yield* vectorOf(job.parameters)
  const data = yield* gather(job.source, cipher.offset, cipher.length)
  const head = yield* gather(job.source, before.offset, before.length)
  const rest = yield* gather(job.source, behind.offset, behind.length)
  const output = transform(config, vector, data)
  const hashed = command === Command.cipherHash ? output : data
  const at = shared.offset - cipher.offset
  const digest = hash.digest([head, hashed.subarray(at, at + shared.length), rest])
  const copies: Array<DmaWrite> = []
  if (!job.inPlace) {
    for (const [region, bytes] of [[before, head] as const, [behind, rest] as const]) {
      if (!holds(job.destination, region.offset, region.length)) return "invalid"
      copies.push(...scatter(job.destination, region.offset, bytes.slice()))
    }
  }
  const checked = yield* settle(job, auth, digest, digestBytesOf(job.parameters))
  if (isRefusal(checked)) return checked
  return succeed(
    Math.max(cipher.length, auth.length),
    checked,
    ...copies,
    ...scatter(job.destination, cipher.offset, output)
  )
}

/** AES-GCM once key, direction and the size of the associated data are known. */
function* galoisCounter(
  job: Job,
  { algorithm, decrypt, key }: CipherConfig,
  aadBytes: number,
  tagBytes: number
): Steps<Executed | Refusal> {
  const { aadAddress, cipher, shortVector } = job.parameters
  if (algorithm === "null") return "unsupported"
  if (aadBytes > maxBytes) return "invalid"
  if (!holds(job.source, cipher.offset, cipher.length) || !holds(job.destination, cipher.offset, cipher.length)) {
    return "invalid"
  }
  const vector = yield* vectorOf(job.parameters)
  const counter = shortVector ? counterOf(vector) : vector
  const aad = yield* read(aadAddress, aadBytes)
  const data = yield* gather(job.source, cipher.offset, cipher.length)
  const { output, tag } = gcm({ algorithm, key, counter, aad, data, decrypt })
  const checked = yield* settle(job, cipher, tag, tagBytes)
  if (isRefusal(checked)) return checked
  return succeed(cipher.length, checked, ...scatter(job.destination, cipher.offset, output))
}

/** Tags of a single pass, in bytes. */
const leastTag = 4

function* singlePass(job: Job, config: CipherConfig): Steps<Executed | Refusal> {
  const { auth, resultBytes, singlePass: flagged, slice: used } = job.parameters
  if (!flagged || used !== Slice.ucs) return "unsupported"
  return resultBytes < leastTag ? "invalid" : yield* galoisCounter(job, config, auth.length, resultBytes)
}

/** AES-GCM as counter mode and a hash: the command says which way. */
function* twoSlices(job: Job): Steps<Executed | Refusal> {
  const config = cipherIn(job)
  if (isRefusal(config)) return config
  const { command, hashAt, slice: used, state2At } = job.parameters
  const word = hashWord(job.descriptor, hashAt)
  if (word === undefined || state2At + aadBytesAt + 4 > job.descriptor.length) return "invalid"
  if (config.mode !== "ctr" || used !== Slice.ucs || hashKind(word).algorithm !== galois) return "unsupported"
  const at = job.descriptor.byteOffset + state2At + aadBytesAt
  const aadBytes = new DataView(job.descriptor.buffer, at, 4).getUint32(0)
  const decrypt = command === Command.hashCipher
  return yield* galoisCounter(job, { ...config, decrypt }, aadBytes, digestBytesOf(job.parameters))
}

function* perform(job: Job): Steps<Executed | Refusal> {
  const { command, protocol } = job.parameters
  switch (command) {
    case Command.cipher:
      return yield* cipherOnly(job)
    case Command.hash:
      return protocol === Protocol.gcm ? "unsupported" : yield* hashOnly(job)
    default:
      return protocol === Protocol.gcm ? yield* twoSlices(job) : yield* chain(job)
  }
}

/** Carries out a symmetric request. Every request gets an answer, whatever is in it. */
export function* symmetric(request: Request): Steps<Executed> {
  const job = yield* open(request, decodeParameters(request))
  const executed = isRefusal(job) ? job : yield* perform(job)
  return isRefusal(executed) ? refuse(executed) : executed
}

/**
 * One symmetric request at work: its parameters and buffers, and how its result becomes an answer. What a service computes is a `Result`:
 * bytes for the destination, and a digest that is returned, compared, or both.
 * Source: sections 3.7 and 3.8 of the firmware specification.
 */
import { type Buffer, flat, gather, holds, list, scatter } from "../Buffer.ts"
import { answer, ErrorCode, type Executed, type Request, Status } from "../Message.ts"
import { type DmaWrite, read, type Steps } from "../Steps.ts"
import { digestAddress, type Parameters, type Region, vectorAddress } from "./Parameters.ts"
import { isRefusal, maxBytes, type Refusal, refuse } from "./Refusal.ts"

export interface Job {
  readonly request: Request
  readonly parameters: Parameters
  /** The content descriptor, or what stands in the request where constants are used. */
  readonly descriptor: Uint8Array
  readonly source: Buffer
  readonly destination: Buffer
  /** Source and destination are the same memory. */
  readonly inPlace: boolean
}

/** Bytes for the destination, from `offset` on. */
export interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The whole digest, how many bytes of it count, and where in the buffer its place is. */
interface Digest {
  readonly bytes: Uint8Array
  readonly size: number
  readonly at: number
}

export interface Result {
  readonly pieces: ReadonlyArray<Piece>
  /** Absent where nothing was hashed. */
  readonly digest?: Digest
  /** Bytes of the source that were read. */
  readonly input: number
}

type Buffers = Pick<Job, "source" | "destination" | "inPlace">

/** Source and destination of a request whose buffers are flat. */
export const flatBuffers = ({ destination, destinationBytes, source, sourceBytes }: Request): Buffers => ({
  source: flat(source, sourceBytes),
  destination: flat(destination, destinationBytes),
  inPlace: source === destination
})

/** Source and destination of a request whose buffers are lists. */
export function* listedBuffers({ destination, source }: Request): Steps<Buffers | Refusal> {
  const inPlace = source === destination
  const from = yield* list(source)
  const to = inPlace ? from : yield* list(destination)
  return from === undefined || to === undefined ? "invalid" : { source: from, destination: to, inPlace }
}

/** The content descriptor, as far as the request vouches for it. */
export const descriptorOf = ({ descriptorAddress, descriptorBytes }: Request): Steps<Uint8Array> =>
  read(descriptorAddress, descriptorBytes)

/** What a request without a descriptor has in the place of its address: a key of 16 bytes, if it needs one. */
export const inRequest = ({ view }: Request): Uint8Array => new Uint8Array(view.buffer, view.byteOffset + 8, 16)

/** The `length` bytes of a vector that the request points to. Nothing needs to be behind them. */
export const vectorAt = ({ request }: Job, length: number): Steps<Uint8Array> => read(vectorAddress(request), length)

/** Whether a request may read this region of its source. */
export const mayRead = ({ source }: Job, { length, offset }: Region): boolean =>
  holds(source, offset, length) && length <= maxBytes

/** The bytes of the source that the regions span, and where they begin. */
export function* spanOf(job: Job, regions: ReadonlyArray<Region>): Steps<Piece | Refusal> {
  if (!regions.every(({ length, offset }) => holds(job.source, offset, length))) return "invalid"
  const used = regions.filter(({ length }) => length > 0)
  if (used.length === 0) return { offset: 0, bytes: new Uint8Array(0) }
  const offset = Math.min(...used.map((region) => region.offset))
  const length = Math.max(...used.map((region) => region.offset + region.length)) - offset
  return length > maxBytes ? "invalid" : { offset, bytes: yield* gather(job.source, offset, length) }
}

/** How many bytes of a digest of `whole` bytes count, if the request has any use for them. Leading bytes do. */
export const digestSize = (parameters: Parameters, whole: number, least: number): number | Refusal => {
  const { finalBytes, generate, resultBytes, verify } = parameters
  if (!generate && !verify) return 0
  const [first, second] = verify ? [resultBytes, finalBytes] : [finalBytes, resultBytes]
  const size = first === 0 ? second : first
  return size < least || size > whole ? "invalid" : size
}

/** Whether two digests of the same length are equal. */
const equal = (one: Uint8Array, other: Uint8Array): boolean => one.every((byte, index) => byte === other[index])

/** The writes of a computed result: undefined if the destination has no room for them. */
const writesOf = (job: Job, { digest, pieces }: Result): ReadonlyArray<DmaWrite> | undefined => {
  const { destination, parameters } = job
  const [only] = pieces
  if (only !== undefined && pieces.length === 1 && digest === undefined) {
    // Most requests: one cipher, nothing besides.
    const { bytes, offset } = only
    return holds(destination, offset, bytes.length) ? scatter(destination, offset, bytes) : undefined
  }
  const returned = parameters.generate ? digest?.bytes.subarray(0, digest.size) : undefined
  const all = [...pieces]
  if (digest !== undefined && returned !== undefined && parameters.digestInBuffer) {
    all.push({ offset: digest.at, bytes: returned })
  }
  if (!all.every(({ bytes, offset }) => holds(destination, offset, bytes.length))) return undefined
  const writes = all.flatMap(({ bytes, offset }) => scatter(destination, offset, bytes))
  if (returned !== undefined && !parameters.digestInBuffer) {
    writes.push({ address: digestAddress(job.request), bytes: returned })
  }
  return writes
}

/** The digest that the request expects. */
function* expected({ parameters, request, source }: Job, at: number, size: number): Steps<Uint8Array | Refusal> {
  if (!parameters.digestInBuffer) return yield* read(digestAddress(request), size)
  return holds(source, at, size) ? yield* gather(source, at, size) : "invalid"
}

/** Compares a digest: the status that tells. The data is written all the same, as drivers discard it. */
export function* compared(job: Job, { at, bytes, size }: Digest): Steps<number | Refusal> {
  const wanted = yield* expected(job, at, size)
  if (isRefusal(wanted)) return wanted
  return equal(wanted, bytes.subarray(0, size)) ? 0 : Status.cryptoError
}

/** The answer with what is to be written. */
export const finish = (job: Job, result: Result, status: number): Executed => {
  const writes = writesOf(job, result)
  return writes === undefined ? refuse("invalid") : answer(status, ErrorCode.none, writes, result.input)
}

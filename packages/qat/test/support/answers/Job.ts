/**
 * Symmetric jobs laid out in an arena as drivers would: the buffers, the descriptor, the request, and where results will be. Source:
 * sections 3.5 to 3.9 of the firmware specification.
 */
import type { Arena } from "../dc/Arena.ts"
import type { Place } from "../dc/Requests.ts"
import {
  type CipherBlock,
  type CipherMode,
  galoisHash,
  type HashBlock,
  hmacHash,
  join,
  legacyCipher,
  plainHash,
  singlePassCipher,
  ucsCipher
} from "./Descriptors.ts"
import type { HashName } from "./KeyStates.ts"
import { build, control, type Fields, Flag, type Region } from "./Requests.ts"

export interface Buffers {
  /** All of the source, with the bytes around the regions. */
  readonly data: Uint8Array
  /** Size of a destination of its own; in place if nothing is said. */
  readonly room?: number | undefined
  /** Lengths of the pieces that source and destination are split into; the last takes the rest. Flat if nothing is said. */
  readonly split?: { readonly source: ReadonlyArray<number>; readonly destination: ReadonlyArray<number> } | undefined
  readonly opaque?: bigint | undefined
}

export interface CipherAsk {
  readonly mode: CipherMode
  readonly key: Uint8Array
  readonly vector: Uint8Array
  readonly decrypt: boolean
  readonly region: Region
  /** Layout of the descriptor: that of older parts if nothing is said. */
  readonly layout?: "legacy" | "ucs" | undefined
  /** The request has the address of the vector. */
  readonly vectorByAddress?: boolean | undefined
}

interface HashAsk {
  readonly name: HashName
  /** The key of an HMAC. */
  readonly key?: Uint8Array | undefined
  readonly region: Region
}

interface DigestAsk {
  readonly bytes: number
  /** What the guest has; it is compared. Otherwise a digest is made. */
  readonly given?: Uint8Array | undefined
  /** It lies behind the hashed region, and only the control block has its size: the way of the kernel. */
  readonly inBuffer?: boolean | undefined
}

interface GcmAsk {
  readonly key: Uint8Array
  /** 12 bytes, or the 16 of the first counter block. */
  readonly vector: Uint8Array
  readonly aad: Uint8Array
  readonly decrypt: boolean
  readonly region: Region
}

export interface Job {
  readonly request: Uint8Array<ArrayBuffer>
  readonly source: ReadonlyArray<Place>
  readonly destination: ReadonlyArray<Place>
  readonly descriptor: Place
  /** Where the digest lies, unless it is in the buffer. */
  readonly digest: Place
}

/** Behind every digest, so that one too long is seen. */
const digestGuard = 16

const splitUp = (total: number, lengths: ReadonlyArray<number>): ReadonlyArray<number> => {
  let left = total
  const parts = lengths.map((length) => {
    const part = Math.min(length, left)
    left -= part
    return part
  })
  return [...parts, left]
}

type Placed = Pick<Fields, "source" | "destination" | "scattered" | "opaque"> & {
  readonly pieces: Pick<Job, "source" | "destination">
}

/** Puts the buffers into memory, with bytes of others between the pieces. */
const place = (arena: Arena, { data, opaque = 0x7f00_1122_3380n, room, split }: Buffers): Placed => {
  const pieces = (total: number, lengths: ReadonlyArray<number> = []): ReadonlyArray<Place> =>
    splitUp(total, lengths).map((length) => {
      arena.room(1)
      return arena.room(length)
    })
  const one = (of: ReadonlyArray<Place>): Place => {
    const [first] = of
    if (first === undefined) throw new Error("a split has a piece at least")
    return split === undefined ? first : arena.list(of)
  }
  const from = pieces(data.length, split?.source)
  let at = 0
  for (const piece of from) {
    arena.view(piece).set(data.subarray(at, at + piece.length))
    at += piece.length
  }
  const source = one(from)
  const to = room === undefined ? from : pieces(room, split?.destination)
  const destination = room === undefined ? source : one(to)
  return { source, destination, scattered: split !== undefined, opaque, pieces: { source: from, destination: to } }
}

const emptyPlace: Place = { address: 0n, length: 0 }

const cipherBlock = ({ decrypt, key, layout, mode }: CipherAsk): CipherBlock =>
  layout === "ucs" ? ucsCipher(mode, key, decrypt) : legacyCipher(mode, key, decrypt)

const cipherFlags = ({ layout, vectorByAddress }: CipherAsk): number =>
  (layout === "ucs" ? Flag.ucs : 0) | (vectorByAddress === true ? 0 : Flag.vectorInMessage)

const vectorField = (arena: Arena, { vector, vectorByAddress }: CipherAsk): Uint8Array | bigint =>
  vectorByAddress === true ? arena.put(vector, 8).address : vector

const digestFlags = ({ given, inBuffer }: DigestAsk): number =>
  (given === undefined ? Flag.generate : Flag.verify) | (inBuffer === true ? Flag.digestInBuffer : 0)

/** Room for a digest, or the one that the guest has. */
const digestPlace = (arena: Arena, { bytes, given }: DigestAsk): Place => {
  const digest = arena.room(bytes + digestGuard)
  arena.view(digest).fill(0xd1)
  if (given !== undefined) arena.view(digest).set(given)
  return digest
}

const hashBlock = ({ key, name }: HashAsk, bytes: number): HashBlock =>
  key === undefined ? plainHash(name, bytes) : hmacHash(name, key, bytes)

const resultBytes = ({ bytes, inBuffer }: DigestAsk): number => (inBuffer === true ? 0 : bytes)

/** Command 0. */
export const cipherJob = (arena: Arena, buffers: Buffers, ask: CipherAsk): Job => {
  const { pieces, ...placed } = place(arena, buffers)
  const block = cipherBlock(ask)
  const descriptor = arena.put(block.bytes, 64)
  const request = build({
    ...placed,
    command: 0,
    flags: cipherFlags(ask),
    descriptor,
    cipher: ask.region,
    vector: vectorField(arena, ask),
    control: control(0, { block, at: 0 }, undefined)
  })
  return { ...pieces, request, descriptor, digest: emptyPlace }
}

/** Command 0 with the configuration at `index` of the device's constants, the way of qatlib. */
export const constantCipherJob = (arena: Arena, buffers: Buffers, ask: CipherAsk, index: number): Job => {
  const { pieces, ...placed } = place(arena, buffers)
  const request = build({
    ...placed,
    command: 0,
    flags: cipherFlags(ask) | Flag.constants,
    inPlaceDescriptor: ask.key,
    cipher: ask.region,
    vector: vectorField(arena, ask),
    control: Uint8Array.of(2, 2, index, 0x41)
  })
  return { ...pieces, request, descriptor: emptyPlace, digest: emptyPlace }
}

/** Command 1. */
export const hashJob = (arena: Arena, buffers: Buffers, ask: HashAsk, digest: DigestAsk): Job => {
  const { pieces, ...placed } = place(arena, buffers)
  const block = hashBlock(ask, digest.bytes)
  const descriptor = arena.put(block.bytes, 64)
  const at = digestPlace(arena, digest)
  const request = build({
    ...placed,
    command: 1,
    flags: Flag.vectorInMessage | digestFlags(digest),
    descriptor,
    auth: ask.region,
    digestAddress: digest.inBuffer === true ? 0n : at.address,
    resultBytes: resultBytes(digest),
    control: control(1, undefined, { block, at: 0, digestBytes: digest.bytes })
  })
  return { ...pieces, request, descriptor, digest: at }
}

/** Command 1 with the configuration at `index` of the device's constants, the way of qatlib. */
export const constantHashJob = (
  arena: Arena,
  buffers: Buffers,
  ask: HashAsk,
  digest: DigestAsk,
  index: number
): Job => {
  const { pieces, ...placed } = place(arena, buffers)
  const at = digestPlace(arena, digest)
  const bytes = new Uint8Array(20)
  bytes.set([index, 0x42], 6)
  bytes.set([digest.bytes, digest.bytes], 10)
  const request = build({
    ...placed,
    command: 1,
    flags: Flag.vectorInMessage | Flag.constants | digestFlags(digest),
    auth: ask.region,
    digestAddress: at.address,
    resultBytes: digest.bytes,
    control: bytes
  })
  return { ...pieces, request, descriptor: emptyPlace, digest: at }
}

/** Commands 2 (cipher, then hash) and 3 (hash, then cipher). */
export const chainJob = (
  arena: Arena,
  command: 2 | 3,
  buffers: Buffers,
  ask: { readonly cipher: CipherAsk; readonly hash: HashAsk; readonly digest: DigestAsk }
): Job => {
  const { cipher, digest, hash } = ask
  const { pieces, ...placed } = place(arena, buffers)
  const [first, second] = [cipherBlock(cipher), hashBlock(hash, digest.bytes)]
  const descriptor = arena.put(command === 2 ? join(first.bytes, second.bytes) : join(second.bytes, first.bytes), 64)
  const [cipherAt, hashAt] = command === 2 ? [0, first.bytes.length] : [second.bytes.length, 0]
  const at = digestPlace(arena, digest)
  const request = build({
    ...placed,
    command,
    flags: cipherFlags(cipher) | digestFlags(digest),
    descriptor,
    cipher: cipher.region,
    vector: vectorField(arena, cipher),
    auth: hash.region,
    digestAddress: digest.inBuffer === true ? 0n : at.address,
    resultBytes: resultBytes(digest),
    control: control(command, { block: first, at: cipherAt }, { block: second, at: hashAt, digestBytes: digest.bytes })
  })
  return { ...pieces, request, descriptor, digest: at }
}

/** Drivers fill associated data up to a block; what they fill it with does not count. */
const aadPlace = (arena: Arena, aad: Uint8Array): Place => arena.put(join(aad, new Uint8Array(-aad.length & 15)), 16)

/** AES-GCM in a single pass. */
export const singlePassJob = (arena: Arena, buffers: Buffers, ask: GcmAsk, digest: DigestAsk): Job => {
  const { aad, decrypt, key, region, vector } = ask
  const { pieces, ...placed } = place(arena, buffers)
  const block = singlePassCipher(key, decrypt, digest.bytes, aad.length)
  const descriptor = arena.put(block.bytes, 64)
  const at = digestPlace(arena, digest)
  const short = vector.length === 12 ? Flag.shortVector : 0
  const request = build({
    ...placed,
    command: 0,
    flags: Flag.vectorInMessage | Flag.singlePass | Flag.ucs | short | digestFlags(digest),
    descriptor,
    cipher: region,
    vector,
    auth: { offset: 0, length: aad.length },
    aadAddress: aadPlace(arena, aad).address,
    digestAddress: digest.inBuffer === true ? 0n : at.address,
    resultBytes: digest.bytes,
    control: control(0, { block, at: 0 }, undefined)
  })
  return { ...pieces, request, descriptor, digest: at }
}

/** AES-GCM over two slices, the way of DPDK for a first counter block that the application gives. */
export const twoSlicesJob = (arena: Arena, buffers: Buffers, ask: GcmAsk, digest: DigestAsk): Job => {
  const { aad, decrypt, key, region, vector } = ask
  const { pieces, ...placed } = place(arena, buffers)
  const [cipher, hash] = [ucsCipher("ctr", key, false), galoisHash(key, aad.length, digest.bytes)]
  const [cipherAt, hashAt] = decrypt ? [hash.bytes.length, 0] : [0, cipher.bytes.length]
  const descriptor = arena.put(decrypt ? join(hash.bytes, cipher.bytes) : join(cipher.bytes, hash.bytes), 64)
  const at = digestPlace(arena, digest)
  const command = decrypt ? 3 : 2
  const short = vector.length === 12 ? Flag.shortVector : 0
  const request = build({
    ...placed,
    command,
    flags: Flag.vectorInMessage | Flag.galois | Flag.ucs | short | digestFlags(digest),
    descriptor,
    cipher: region,
    vector,
    auth: region,
    aadAddress: aadPlace(arena, aad).address,
    aadBytes: (aad.length + 15) & ~15,
    digestAddress: at.address,
    resultBytes: digest.bytes,
    control: control(command, { block: cipher, at: cipherAt }, { block: hash, at: hashAt, digestBytes: digest.bytes })
  })
  return { ...pieces, request, descriptor, digest: at }
}

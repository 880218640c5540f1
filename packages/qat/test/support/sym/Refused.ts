/**
 * Symmetric requests that the device does not do, each a good one with something changed: what is not offered, and what does not fit. Source:
 * section 8.2 of the firmware specification.
 */
import type { Arena } from "../dc/Arena.ts"
import { constantCipherRequest, constantHashRequest } from "./Constants.ts"
import {
  type Ask,
  type Built,
  chainRequest,
  cipherRequest,
  gcmRequest,
  gcmSlicesRequest,
  hashRequest
} from "./Requests.ts"

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)

/** Bytes of the source: cipher and auth region are the first 64, and there is room for a digest. */
export const data = counting(96)
export const region = { offset: 0, length: 64 }
export const key = counting(16)
export const iv = counting(16)
export const macKey = counting(20)

export type Build = (ask: Ask, arena: Arena) => Built

export const behind = { size: 16, at: "behind" } as const
export const cbc: Build = (ask) => cipherRequest({ ...ask, mode: "cbc", key, iv, cipher: region })
export const backwards: Build = (ask) => cipherRequest({ ...ask, mode: "cbc", key, iv, cipher: region, decrypt: true })
const hash: Build = (ask) => hashRequest({ ...ask, hash: "sha256", auth: region, digest: behind })
const hmac: Build = (ask) => hashRequest({ ...ask, hash: "sha256", macKey, auth: region, digest: behind })
const check: Build = (ask) =>
  hashRequest({ ...ask, hash: "sha256", macKey, auth: region, digest: { ...behind, verify: true } })
const chain: Build = (ask) =>
  chainRequest({
    ...ask,
    mode: "cbc",
    key,
    iv,
    cipher: region,
    hash: "sha1",
    macKey,
    auth: region,
    digest: behind,
    first: "cipher"
  })
const gcm: Build = (ask, arena) =>
  gcmRequest({ ...ask, key, iv: iv.subarray(0, 12), aad: arena.put(key), digest: behind, cipher: region })
const slices: Build = (ask, arena) =>
  gcmSlicesRequest({ ...ask, key, iv, aad: arena.put(key), digest: behind, cipher: region })
const constantCipher =
  (index: number): Build =>
  (ask) =>
    constantCipherRequest({ ...ask, mode: "cbc", key, iv, cipher: region }, index)
const constantHash =
  (index: number): Build =>
  (ask) =>
    constantHashRequest({ ...ask, hash: "sha1", auth: region, digest: behind }, index)

export const good: Readonly<Record<string, Build>> = {
  cipher: cbc,
  "cipher backwards": backwards,
  hash: hash,
  HMAC: hmac,
  chain: chain,
  "GCM in a single pass": gcm,
  "GCM in two slices": slices,
  "cipher of the table of constants": constantCipher(18),
  "hash of the table of constants": constantHash(41)
}

/** A request with something changed: in itself, or in its descriptor. */
type Change = (built: Built, descriptor: DataView) => void

const flags =
  (set: number, clear = 0): Change =>
  ({ view }) =>
    view.setUint16(4, (view.getUint16(4, true) & ~clear) | set, true)
const byte =
  (at: number, value: number): Change =>
  ({ view }) =>
    view.setUint8(at, value)
const word =
  (at: number, value: number): Change =>
  ({ view }) =>
    view.setUint32(at, value, true)
/** A word of the descriptor. */
const configured =
  (at: number, value: number): Change =>
  (_, descriptor) =>
    descriptor.setUint32(at, value, true)

type Refused = readonly [name: string, build: Build, change: Change]

const nothing: Change = () => undefined

/** What `build` makes, changed. */
export const changed =
  (build: Build, change: Change): Build =>
  (ask, arena) => {
    const built = build(ask, arena)
    const { buffer, byteLength, byteOffset } = built.descriptor
    change(built, new DataView(buffer, byteOffset, byteLength))
    return built
  }

export const notOffered: ReadonlyArray<Refused> = [
  ...[4, 5, 6, 9, 10, 12, 17, 255].map((id): Refused => [`command ${id}`, cbc, byte(1, id)]),
  ...[1, 2, 3].map((partial): Refused => [`partial ${partial}`, cbc, flags(partial)]),
  ["state to be kept", cbc, flags(0x10)],
  ...[1, 2, 3, 4, 5, 6, 7].map((protocol): Refused => [`protocol ${protocol} of a cipher`, cbc, flags(protocol << 7)]),
  ...[1, 2, 4].map((protocol): Refused => [`protocol ${protocol} of a hash`, hash, flags(protocol << 7)]),
  ...[1, 3, 4].map((protocol): Refused => [`protocol ${protocol} of a chain`, chain, flags(protocol << 7)]),
  ["protocol GCM of a chain that is none", chain, flags(0x4100)],
  ["ZUC", cbc, flags(0x1000)],
  ...[2, 3].map((slice): Refused => [`slice ${slice}`, cbc, flags(slice << 14)]),
  ...[1, 2, 4, 8].map((extended): Refused => [`extended flag ${extended}`, cbc, byte(7, extended)]),
  ...[1, 2, 6, 7, 8, 9, 10, 11, 12, 15].map((id): Refused => [`cipher ${id}`, cbc, configured(0, 0x10 | id)]),
  ...[3, 5, 6, 7, 15].map((mode): Refused => [`mode ${mode}`, cbc, configured(0, (mode << 4) | 3)]),
  ["AEAD that is no single pass", cbc, configured(0, 0x43)],
  ["AEAD in a chain", chain, configured(0, 0x43)],
  ["CBC backwards with a key that is converted", backwards, configured(0, 0x113)],
  ["a single pass in CBC", gcm, configured(0, 0x13)],
  ["a single pass without cipher", gcm, configured(0, 0x40)],
  ["a single pass of the legacy slice", gcm, flags(0, 0x4000)],
  ["a single pass of a hash", hash, flags(0x6000)],
  ["a single pass with a protocol", gcm, flags(0x100)],
  ["a single pass with constants", gcm, flags(0x8)],
  ["a key in a request without constants", cbc, byte(6, 2)],
  ["a hash in a request without constants", hash, byte(6, 2)],
  ["a single pass in a request", gcm, byte(6, 2)],
  ["two slices in a request", slices, byte(6, 2)],
  ["two slices of the legacy slice", slices, flags(0, 0x4000)],
  ["two slices in CBC", slices, configured(0, 0x13)],
  ["two slices with a hash that is not Galois", slices, configured(32, 0x1014)],
  ["two slices of a hash without key", slices, configured(32, 0x100a)],
  ["GMAC", slices, configured(40, 0)],
  ["nested hash", hash, byte(113, 1)],
  ["HMAC of mode 2", hmac, byte(113, 0x20)],
  ...[0, 2, 7, 8, 9, 10, 15].map((id): Refused => [`hash ${id}`, hash, configured(0, 0x1000 | id)]),
  ...[0, 2, 7, 8, 9, 10, 15].map((id): Refused => [`HMAC of hash ${id}`, hmac, configured(0, 0x1010 | id)]),
  ["SHA-3", hash, configured(0, 0x0040_2001)],
  ...[2, 3, 15].map((mode): Refused => [`hash mode ${mode}`, hmac, configured(0, 0x2004 | (mode << 4))]),
  ...[0, 13, 20, 46, 255].map((index): Refused => [`cipher constant ${index}`, constantCipher(index), nothing]),
  ...[0, 18, 46, 255].map((index): Refused => [`hash constant ${index}`, constantHash(index), nothing]),
  ["a cipher constant with its key elsewhere", constantCipher(18), byte(6, 0)],
  ["a cipher constant of the other slice", constantCipher(18), flags(0x4000)],
  ["a chain with constants", chain, flags(0x8)]
]

export const doNotFit: ReadonlyArray<Refused> = [
  ...[1, 15, 17, 63].map((length): Refused => [`CBC of ${length} bytes`, cbc, word(60, length)]),
  ["CBC of 63 bytes in a chain", chain, word(60, 63)],
  ["a cipher region beyond the buffers", cbc, word(56, 48)],
  [
    "a cipher region of no bytes beyond the buffers",
    cbc,
    (built, view) => [word(56, 97), word(60, 0)].forEach((change) => change(built, view))
  ],
  ["a cipher region that wraps around", cbc, word(56, 0xffff_fff0)],
  ["an auth region that wraps around", hash, word(80, 0xffff_ffff)],
  ["a cipher region that is far too long", cbc, word(60, 0xffff_fff0)],
  ["a source that is shorter", cbc, word(48, 63)],
  ["a destination that is shorter", cbc, word(52, 63)],
  ["an auth region beyond the source", hash, word(84, 97)],
  ["an auth region of a chain beyond the source", chain, word(80, 40)],
  ["a made digest beyond the destination", hash, word(52, 79)],
  ["a compared digest beyond the source", check, word(48, 79)],
  ["a tag beyond the destination", gcm, word(52, 79)],
  ["a descriptor of no size", cbc, byte(18, 0)],
  ["a key beyond the descriptor", cbc, byte(18, 2)],
  ["a configuration beyond the descriptor", cbc, byte(110, 255)],
  ["a hash beyond the descriptor", hash, byte(114, 255)],
  ["a state beyond the descriptor", hmac, byte(18, 9)],
  ["a second state beyond the descriptor", hmac, byte(122, 255)],
  ["a key of two slices beyond the descriptor", slices, byte(110, 255)],
  ["a Galois hash beyond the descriptor", slices, byte(114, 255)],
  ["a Galois state beyond the descriptor", slices, byte(122, 255)],
  ["a key of a single pass beyond the descriptor", gcm, byte(18, 3)],
  ["a digest of no size", hash, (built, view) => [byte(107, 0), byte(118, 0)].forEach((change) => change(built, view))],
  ["a digest larger than its hash", hash, byte(118, 33)],
  [
    "a digest of no size in a chain",
    chain,
    (built, view) => [byte(107, 0), byte(118, 0)].forEach((change) => change(built, view))
  ],
  ...[0, 1, 3, 17, 255].map((size): Refused => [`a tag of ${size} bytes`, gcm, byte(107, size)]),
  ...[1, 3, 17, 255].map((size): Refused => [`a tag of ${size} bytes of two slices`, slices, byte(118, size)]),
  ["associated data that are far too long", gcm, word(84, 0xffff_ffff)],
  ["associated data of two slices that are far too long", slices, configured(80, 0xffff_ffff)],
  ["two slices over other regions", slices, word(84, 32)],
  ["two slices with other offsets", slices, word(80, 16)]
]

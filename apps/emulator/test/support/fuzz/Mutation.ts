/** What goes wrong with good messages: every field of the header, lengths, `argsz` and counts, bytes, ends; messages twice and in another order. */
import { Header, Message } from "@stopcopy/vfio-user"
import type { Said } from "./Conversation.ts"
import { maxMessageBytes } from "./Frames.ts"
import { type Below, noise, oneIn, pick } from "./Random.ts"

/** A message as it is sent. */
export interface Sent {
  readonly bytes: Uint8Array
  readonly descriptors: number
}

const { headerBytes } = Header

/** Numbers at which sizes and counts change their meaning, beside those near the message's own size. */
const edge = (below: Below, size: number): number =>
  pick(below, [
    0,
    1,
    below(32),
    size,
    size + 1,
    Math.max(0, size - 1),
    size - headerBytes,
    4096,
    0xffff,
    0x10000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    below(0xffff_ffff)
  ])

const viewOf = ({ buffer, byteLength, byteOffset }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

/** The size of the whole message is stated right, so that what follows is understood. */
const restated = (bytes: Uint8Array): Uint8Array => {
  viewOf(bytes).setUint32(4, bytes.byteLength, true)
  return bytes
}

type Mutation = (below: Below, bytes: Uint8Array) => Uint8Array

const inHeader: Mutation = (below, bytes) => {
  const view = viewOf(bytes)
  const change = pick(below, [
    () => view.setUint16(0, below(0x1_0000), true),
    () => view.setUint16(2, oneIn(below, 4) ? below(0x1_0000) : below(24), true),
    () => view.setUint32(8, oneIn(below, 4) ? below(0xffff_ffff) : below(64), true),
    () => view.setUint32(12, edge(below, 0), true)
  ])
  change()
  return bytes
}

/** `argsz`, flags, indexes, counts: words of the payload. */
const inWords: Mutation = (below, bytes) => {
  const count = (bytes.byteLength - headerBytes) >>> 2
  if (count > 0) {
    const at = headerBytes + 4 * below(Math.min(count, 16))
    viewOf(bytes).setUint32(at, edge(below, bytes.byteLength), true)
  }
  return bytes
}

const inBytes: Mutation = (below, bytes) => {
  for (let left = 1 + below(4); left > 0 && bytes.byteLength > headerBytes; left--) {
    bytes[headerBytes + below(bytes.byteLength - headerBytes)] = pick(below, [0, 1, 0xff, 0x80, below(256)])
  }
  return bytes
}

const truncated: Mutation = (below, bytes) =>
  restated(bytes.slice(0, headerBytes + below(bytes.byteLength - headerBytes + 1)))

const extended: Mutation = (below, bytes) => {
  const more = oneIn(below, 400) ? maxMessageBytes - bytes.byteLength : 1 + below(64)
  const longer = new Uint8Array(bytes.byteLength + more)
  longer.set(bytes)
  longer.set(noise(below, Math.min(more, 64)), bytes.byteLength)
  return restated(longer)
}

/** Its size is wrong: what follows is taken for a part of it, or the connection ends. */
const outOfStep: Mutation = (below, bytes) => {
  const size = pick(below, [
    below(headerBytes),
    bytes.byteLength + 1 + below(64),
    below(64),
    edge(below, maxMessageBytes)
  ])
  viewOf(bytes).setUint32(4, size, true)
  return bytes
}

/** Ends too early, and says nothing of it. */
const cut: Mutation = (below, bytes) => bytes.subarray(0, 1 + below(bytes.byteLength))

const mutations = [inHeader, inHeader, inWords, inWords, inWords, inBytes, truncated, extended] as const

const mutate = (below: Below, bytes: Uint8Array): Uint8Array => {
  if (oneIn(below, 150)) return pick(below, [outOfStep, cut])(below, bytes)
  let mutated = bytes
  for (let left = below(3); left > 0; left--) mutated = pick<Mutation>(below, mutations)(below, mutated)
  return mutated
}

/** Messages for what is said, mutated: each may change, come twice, or change places with the one before it. */
export const mutated = (below: Below, said: ReadonlyArray<Said>): ReadonlyArray<Sent> => {
  const out: Array<Sent> = []
  for (const { command, descriptors = 0, isPlain = false, payload } of said) {
    const whole = Message.encodeCommand(below(0x1_0000), command, payload)
    const bytes = isPlain ? whole : mutate(below, whole)
    const sent = { bytes, descriptors: oneIn(below, 20) ? below(4) : descriptors }
    const before = !isPlain && oneIn(below, 30) ? out.pop() : undefined
    out.push(sent)
    if (before !== undefined) out.push(before)
    if (oneIn(below, 30)) out.push(sent)
  }
  return out
}

/** Bytes that are no messages, some of them with sizes that may be. */
export const randomStream = (below: Below): Sent => {
  const bytes = noise(below, 1 + below(512))
  if (bytes.byteLength >= headerBytes && !oneIn(below, 3)) viewOf(bytes).setUint32(4, below(1024), true)
  return { bytes, descriptors: oneIn(below, 8) ? below(4) : 0 }
}

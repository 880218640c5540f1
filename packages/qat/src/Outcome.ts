/**
 * What the engine did with one request, as the journal keeps it: who, how much, where to, and a checksum of what was written. Data and keys
 * of the guest are not in it. Source: `docs/architecture.md`; section 2 of the firmware specification.
 *
 * Outcomes of a burst are kept packed, one behind the other, as base64: little endian, offsets in bytes. 0 u32 input, 4 u32 crc32, 8 u16 number of pieces,
 * 10 u8 flags (bits 1:0 fault: 0 none, 1 read, 2 write; bit 2: its slots are those behind the outcome before), 11 u8 length of the response without the
 * zeros at its end; then u32 slot and u32 response slot unless bit 2 says where, the response as far as it is not zero, 12 bytes for the fault if there is
 * one, and 12 for each piece: u64 address, u32 length.
 */
import { Either, Encoding, Schema } from "effect"
import { U32, U64 } from "./Unsigned.ts"

/** Size of a response, in bytes. */
export const responseBytes = 32
/** Sizes of what every outcome has, and of its slots. */
const headBytes = 12
const slotsBytes = 8
/** Size of a piece: address and length. */
const pieceBytes = 12
/** Flags: the access that faulted, and slots behind those of the outcome before. */
const faultBits = 3
const follows = 4

/** The 32 bytes of a response. */
export const Response = Schema.Uint8ArrayFromHex.pipe(
  Schema.filter(({ length }) => length === responseBytes, {
    arbitrary: () => (fc) => fc.uint8Array({ minLength: responseBytes, maxLength: responseBytes })
  })
)

/** A piece of guest memory: address, and length in bytes. */
const Piece = Schema.Struct({ address: U64, length: U32 })
type Piece = typeof Piece.Type

export const Outcome = Schema.Struct({
  /** Place of the request in ring 0 and of the response in ring 1, in messages. */
  slot: U32,
  responseSlot: U32,
  /** Bytes of data read. */
  input: U32,
  /** What answers the request: it has service and command of it, the status, and the guest's own number for it. */
  response: Response,
  /** Guest memory that the request writes, in order, the response excluded; and the crc32 of all these bytes. */
  written: Schema.Array(Piece),
  crc32: U32,
  /** The access that faulted, if one did. */
  fault: Schema.NullOr(Schema.Struct({ ...Piece.fields, direction: Schema.Literal("read", "write") }))
})
export type Outcome = typeof Outcome.Type

/** Status bits of an outcome's response: byte 6. */
export const statusOf = ({ response }: Outcome): number => response[6] ?? 0

/** Outcomes in their packed form. */
export const Packed = Schema.String

const follow = ({ responseSlot, slot }: Outcome, before: Outcome | undefined): boolean =>
  before !== undefined && slot === before.slot + 1 && responseSlot === before.responseSlot + 1

/** Length of a response without the zeros at its end. */
const significant = (response: Uint8Array): number => {
  let length = responseBytes
  while (length > 0 && response[length - 1] === 0) length--
  return length
}

const sizeOf = (outcome: Outcome, before: Outcome | undefined): number =>
  headBytes +
  (follow(outcome, before) ? 0 : slotsBytes) +
  significant(outcome.response) +
  pieceBytes * (outcome.written.length + (outcome.fault === null ? 0 : 1))

const setPiece = (view: DataView, at: number, { address, length }: Piece): number => {
  view.setBigUint64(at, address, true)
  view.setUint32(at + 8, length, true)
  return at + pieceBytes
}

const faultOf = ({ fault }: Outcome): number => (fault === null ? 0 : fault.direction === "read" ? 1 : 2)

/** Packs outcomes into bytes; the caller makes them base64. */
export const packBytes = (outcomes: ReadonlyArray<Outcome>): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(outcomes.reduce((total, each, index) => total + sizeOf(each, outcomes[index - 1]), 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  let before: Outcome | undefined
  for (const outcome of outcomes) {
    const { crc32, fault, input, response, responseSlot, slot, written } = outcome
    const isNext = follow(outcome, before)
    const length = significant(response)
    view.setUint32(at, input, true)
    view.setUint32(at + 4, crc32, true)
    view.setUint16(at + 8, written.length, true)
    view.setUint8(at + 10, faultOf(outcome) | (isNext ? follows : 0))
    view.setUint8(at + 11, length)
    at += headBytes
    if (!isNext) {
      view.setUint32(at, slot, true)
      view.setUint32(at + 4, responseSlot, true)
      at += slotsBytes
    }
    for (let index = 0; index < length; index++) bytes[at + index] = response[index] ?? 0
    at += length
    if (fault !== null) at = setPiece(view, at, fault)
    for (const piece of written) at = setPiece(view, at, piece)
    before = outcome
  }
  return bytes
}

/** Packs outcomes. */
export const pack = (outcomes: ReadonlyArray<Outcome>): string => Encoding.encodeBase64(packBytes(outcomes))

const pieceAt = (view: DataView, at: number): Piece => ({
  address: view.getBigUint64(at, true),
  length: view.getUint32(at + 8, true)
})

/** The outcome at `at`, and where the next one is; undefined if it is not whole. */
const outcomeAt = (
  bytes: Uint8Array,
  view: DataView,
  at: number,
  before: Outcome | undefined
): readonly [Outcome, number] | undefined => {
  if (at + headBytes > bytes.length) return undefined
  const [pieces, flags] = [view.getUint16(at + 8, true), view.getUint8(at + 10)]
  const [direction, length] = [flags & faultBits, view.getUint8(at + 11)]
  const slotsAt = at + headBytes
  const isNext = (flags & follows) !== 0
  const responseAt = slotsAt + (isNext ? 0 : slotsBytes)
  const faultAt = responseAt + length
  const first = faultAt + (direction === 0 ? 0 : pieceBytes)
  const end = first + pieces * pieceBytes
  if (end > bytes.length || length > responseBytes || (isNext && before === undefined)) return undefined
  const response = new Uint8Array(responseBytes)
  response.set(bytes.subarray(responseAt, faultAt))
  const outcome: Outcome = {
    slot: isNext ? (before?.slot ?? 0) + 1 : view.getUint32(slotsAt, true),
    responseSlot: isNext ? (before?.responseSlot ?? 0) + 1 : view.getUint32(slotsAt + 4, true),
    input: view.getUint32(at, true),
    crc32: view.getUint32(at + 4, true),
    response,
    written: Array.from({ length: pieces }, (_, index) => pieceAt(view, first + index * pieceBytes)),
    fault: direction === 0 ? null : { ...pieceAt(view, faultAt), direction: direction === 1 ? "read" : "write" }
  }
  return [outcome, end]
}

/** The outcomes in a packed text. Total: what is not whole at the end is left out, and text that is no base64 has none. */
export const unpack = (packed: string): ReadonlyArray<Outcome> => {
  const decoded = Encoding.decodeBase64(packed)
  if (Either.isLeft(decoded)) return []
  const bytes = decoded.right
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const all: Array<Outcome> = []
  for (let at = 0; ;) {
    const found = outcomeAt(bytes, view, at, all.at(-1))
    if (found === undefined) return all
    all.push(found[0])
    at = found[1]
  }
}

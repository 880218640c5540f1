/**
 * What the engine did with one request, as the journal keeps it: who, how much, where to, and a checksum of what was written. Data and keys
 * of the guest are not in it. Source: `docs/architecture.md`; section 2 of the firmware specification.
 *
 * Outcomes of a burst are kept packed, one behind the other, as base64: little endian, offsets in bytes. 0 u32 slot, 4 u32 response slot,
 * 8 u32 input, 12 u32 crc32, 16 u16 number of pieces, 18 u8 fault (0 none, 1 read, 2 write), 19 u8 zero, 20 response (32), then 12
 * bytes for the fault if there is one, and 12 for each piece: u64 address, u32 length.
 */
import { Either, Encoding, Schema } from "effect"
import { U32, U64 } from "./Unsigned.ts"

/** Size of a response, and of an outcome without pieces and fault, in bytes. */
export const responseBytes = 32
const headBytes = 52
/** Size of a piece: address and length. */
const pieceBytes = 12
const responseAt = 20

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

const sizeOf = ({ fault, written }: Outcome): number =>
  headBytes + pieceBytes * (written.length + (fault === null ? 0 : 1))

const setPiece = (view: DataView, at: number, { address, length }: Piece): number => {
  view.setBigUint64(at, address, true)
  view.setUint32(at + 8, length, true)
  return at + pieceBytes
}

/** Packs outcomes into bytes; the caller makes them base64. */
export const packBytes = (outcomes: ReadonlyArray<Outcome>): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(outcomes.reduce((total, outcome) => total + sizeOf(outcome), 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { crc32, fault, input, response, responseSlot, slot, written } of outcomes) {
    view.setUint32(at, slot, true)
    view.setUint32(at + 4, responseSlot, true)
    view.setUint32(at + 8, input, true)
    view.setUint32(at + 12, crc32, true)
    view.setUint16(at + 16, written.length, true)
    if (fault !== null) view.setUint8(at + 18, fault.direction === "read" ? 1 : 2)
    bytes.set(response, at + responseAt)
    at += headBytes
    if (fault !== null) at = setPiece(view, at, fault)
    for (const piece of written) at = setPiece(view, at, piece)
  }
  return bytes
}

/** Packs outcomes. */
export const pack = (outcomes: ReadonlyArray<Outcome>): string => Encoding.encodeBase64(packBytes(outcomes))

const pieceAt = (view: DataView, at: number): Piece => ({
  address: view.getBigUint64(at, true),
  length: view.getUint32(at + 8, true)
})

/** The outcomes in a packed text. Total: what is not whole at the end is left out, and text that is no base64 has none. */
export const unpack = (packed: string): ReadonlyArray<Outcome> => {
  const decoded = Encoding.decodeBase64(packed)
  if (Either.isLeft(decoded)) return []
  const bytes = decoded.right
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const all: Array<Outcome> = []
  let at = 0
  while (at + headBytes <= bytes.length) {
    const [pieces, direction] = [view.getUint16(at + 16, true), view.getUint8(at + 18)]
    const first = at + headBytes + (direction === 0 ? 0 : pieceBytes)
    const end = first + pieces * pieceBytes
    if (end > bytes.length) break
    all.push({
      slot: view.getUint32(at, true),
      responseSlot: view.getUint32(at + 4, true),
      input: view.getUint32(at + 8, true),
      crc32: view.getUint32(at + 12, true),
      response: bytes.slice(at + responseAt, at + headBytes),
      written: Array.from({ length: pieces }, (_, index) => pieceAt(view, first + index * pieceBytes)),
      fault:
        direction === 0
          ? null
          : { ...pieceAt(view, at + headBytes), direction: direction === 1 ? ("read" as const) : ("write" as const) }
    })
    at = end
  }
  return all
}

/** Decompression of raw deflate into limited room. Source: RFC 1951; sections 4.4 and 4.5 of the firmware specification. */
import { Either } from "effect"
import { constants, inflateRawSync } from "node:zlib"
import { ErrorCode } from "../Message.ts"
import { deflateErrorOf } from "./DeflateError.ts"

interface Inflated {
  readonly bytes: Uint8Array
  /** Input bytes used, the last perhaps in part. Those behind the final block are not. */
  readonly consumed: number
  /** The final block was seen. */
  readonly final: boolean
}

/** Smallest and largest piece of memory, in bytes, that output is collected in. zlib takes no smaller one. */
const smallestPiece = 64
const largestPiece = 1 << 20
/** Output for so many times the input mostly fits one piece, and is then not copied together. */
const commonRatio = 8
const commonBytes = 16_384

/** Output is collected in pieces of this size; one byte more than is allowed, so that too much is seen at once. */
const pieceFor = (inputBytes: number, room: number): number =>
  Math.max(smallestPiece, Math.min(room, commonRatio * inputBytes + commonBytes, largestPiece) + 1)

/** What zlib gives when asked for the number of bytes it used: more than its types say. */
interface Informed {
  readonly buffer: Uint8Array
  readonly engine: { readonly bytesWritten: number }
}

const isInformed = (value: unknown): value is Informed =>
  typeof value === "object" && value !== null && "buffer" in value && "engine" in value

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined

const errorOf = (error: unknown): number =>
  codeOf(error) === "ERR_BUFFER_TOO_LARGE"
    ? ErrorCode.overflow
    : deflateErrorOf(error instanceof Error ? error.message : "")

const inflateOnce = (data: Uint8Array, room: number, finishFlush: number): Either.Either<Informed, unknown> => {
  const chunkSize = pieceFor(data.length, room)
  try {
    const done: unknown = inflateRawSync(data, {
      chunkSize,
      finishFlush,
      info: true,
      maxOutputLength: Math.max(1, room)
    })
    return isInformed(done) ? Either.right(done) : Either.left(undefined)
  } catch (error) {
    return Either.left(error)
  }
}

/**
 * Decompresses `data` until its final block or its end, into `room` bytes at most; fails with an error code. Never holds more than
 * `room` and some. A stream without its end gives what there is of it.
 */
export const inflate = (data: Uint8Array, room: number): Either.Either<Inflated, number> => {
  // Only when it must finish does zlib say that the end is missing. That is rare: then once more without the demand.
  const whole = inflateOnce(data, room, constants.Z_FINISH)
  const final = Either.isRight(whole) || codeOf(whole.left) !== "Z_BUF_ERROR"
  const done = final ? whole : inflateOnce(data, room, constants.Z_SYNC_FLUSH)
  if (Either.isLeft(done)) return Either.left(errorOf(done.left))
  const { buffer, engine } = done.right
  return buffer.length > room
    ? Either.left(ErrorCode.overflow)
    : Either.right({ bytes: buffer, consumed: engine.bytesWritten, final })
}

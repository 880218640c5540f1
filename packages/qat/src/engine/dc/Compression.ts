/**
 * Service type 9: deflate with static or dynamic codes, and inflate, each request for itself. Source: `icp_qat_fw_comp.h`,
 * `qat_comp_algs.c` of the kernel, `qat_comp.c` of DPDK; section 4 of the firmware specification.
 *
 * Responses to a compression say that it was verified ("CNV"), errors too, as drivers take any other for one of old firmware. They
 * are not verified by inflating: what that guards against is a fault of the silicon, and it would cost a quarter of the rate.
 */
import { Either } from "effect"
import { crc32 } from "node:zlib"
import { type Buffer, flat, gather, holds, list, scatter } from "../Buffer.ts"
import { answer, ErrorCode, type Executed, type Request, Status } from "../Message.ts"
import type { Steps } from "../Steps.ts"
import { adler32 } from "./Adler32.ts"
import { deflate } from "./Deflate.ts"
import { inflate } from "./Inflate.ts"
import { Command, decodeParameters, type Parameters } from "./Parameters.ts"

/** The most bytes of input, and of decompressed output, of one request. Our choice: a request is worked on in one go. */
export const inputLimit = 16 << 20
export const outputLimit = 64 << 20

/** Bit 6 of byte 3 of a response: compressed and verified. */
const verifiedFlag = 0x40

const flagsOf = (command: number): number =>
  command === Command.static || command === Command.dynamic ? verifiedFlag : 0

/** A compression error with this error code, and this bit if it says more. No counters, nothing written. */
const failed = ({ command }: Pick<Request, "command">, error: number, bit = 0): Executed => ({
  ...answer(Status.compressionError | bit, error),
  flags: flagsOf(command)
})

const unsupported = (request: Request): Executed => failed(request, ErrorCode.fatal, Status.unsupported)

/** The answer to a compression request whose parameters do not fit together, or whose memory cannot be reached. */
export const invalidCompression = (request: Request): Executed =>
  failed(request, ErrorCode.fatal, Status.invalidParameter)

/** The answer with `bytes` put into `destination`; too many of them are an overflow. */
const produced = (
  destination: Buffer,
  { command, outputBytes, inputBytes }: Parameters,
  bytes: Uint8Array,
  words: Executed["words"],
  status: number
): Executed =>
  bytes.length > Math.min(outputBytes, destination.length)
    ? { ...failed({ command }, ErrorCode.overflow), input: inputBytes }
    : {
        ...answer(status),
        flags: flagsOf(command),
        words,
        writes: scatter(destination, 0, bytes),
        input: inputBytes
      }

const compress = (data: Uint8Array, destination: Buffer, parameters: Parameters): Executed => {
  const { adler32, bytes, crc32 } = deflate(data, parameters)
  return produced(destination, parameters, bytes, [data.length, bytes.length, crc32, adler32], 0)
}

const decompress = (data: Uint8Array, destination: Buffer, parameters: Parameters): Executed => {
  const room = Math.min(parameters.outputBytes, destination.length, outputLimit)
  const done = inflate(data, room)
  if (Either.isLeft(done)) return { ...failed(parameters, done.left), input: data.length }
  const { bytes, consumed, final } = done.right
  const sums = [crc32(bytes, parameters.crc32), adler32(bytes, parameters.adler32)] as const
  const status = final ? Status.endOfLastBlock : 0
  return produced(destination, parameters, bytes, [consumed, bytes.length, ...sums], status)
}

/** Carries out a request of service type 9. Total, for any bytes of the request and of the memory it reads. */
export function* compression(request: Request): Steps<Executed> {
  const parameters = decodeParameters(request)
  if (parameters === undefined) return unsupported(request)
  if (parameters.inputBytes > inputLimit) return invalidCompression(request)
  const { destination: to, scattered, source: from } = request
  const source = scattered ? yield* list(from) : flat(from, request.sourceBytes)
  if (source === undefined || !holds(source, 0, parameters.inputBytes)) return invalidCompression(request)
  const destination = scattered ? yield* list(to) : flat(to, request.destinationBytes)
  if (destination === undefined) return invalidCompression(request)
  const data = yield* gather(source, 0, parameters.inputBytes)
  return parameters.command === Command.decompress
    ? decompress(data, destination, parameters)
    : compress(data, destination, parameters)
}

/**
 * Why a deflate stream could not be read, as the device tells it. Source: the error codes of `icp_qat_fw.h` of the kernel and of DPDK;
 * section 4.5 of the firmware specification. That a message of zlib means a code is our choice.
 */
import { ErrorCode } from "../Message.ts"

/** Error codes of a corrupt stream, signed. */
const DeflateError = {
  invalidBlockType: -1,
  storedLength: -2,
  tooManyCodes: -3,
  codeLengthsIncomplete: -4,
  repeatWithoutFirst: -5,
  repeatBeyondEnd: -6,
  literalLengths: -7,
  distanceLengths: -8,
  invalidSymbol: -9,
  distanceTooFar: -10
} as const

/** zlib has one message for -5 and -6; a repeat as the very first code is the rarer one. */
const codes: ReadonlyMap<string, number> = new Map([
  ["invalid block type", DeflateError.invalidBlockType],
  ["invalid stored block lengths", DeflateError.storedLength],
  ["too many length or distance symbols", DeflateError.tooManyCodes],
  ["invalid code lengths set", DeflateError.codeLengthsIncomplete],
  ["invalid bit length repeat", DeflateError.repeatBeyondEnd],
  ["invalid code -- missing end-of-block", DeflateError.literalLengths],
  ["invalid literal/lengths set", DeflateError.literalLengths],
  ["invalid distances set", DeflateError.distanceLengths],
  ["invalid literal/length code", DeflateError.invalidSymbol],
  ["invalid distance code", DeflateError.invalidSymbol],
  ["invalid distance too far back", DeflateError.distanceTooFar]
])

/** The error code for what zlib says; "fatal" for anything that is not about the stream. */
export const deflateErrorOf = (message: string): number => codes.get(message) ?? ErrorCode.fatal

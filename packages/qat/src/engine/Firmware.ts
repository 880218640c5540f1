/**
 * What the firmware does with a request: the right service for the bank, or the answer of a firmware that knows no such thing. Every request
 * gets exactly one answer. Source: sections 2 and 8.2 of the firmware specification.
 */
import {
  answer,
  decodeRequest,
  encodeResponse,
  ErrorCode,
  type Executed,
  type Request,
  requestBytes,
  Service,
  Status
} from "./Message.ts"
import { nullRequest } from "./Null.ts"
import { compression } from "./dc/Compression.ts"
import type { Steps } from "./Steps.ts"
import { symmetric } from "./sym/Symmetric.ts"

/** What a bank serves, as the ring-to-service map says: 3 bits for each bank. */
export const BankService = { unused: 0, crypto: 1, compression: 2, symmetric: 3, asymmetric: 4 } as const

/** The service of a VF's bank in a ring-to-service map. */
export const serviceOf = (map: number, bank: number): number => (map >>> (3 * bank)) & 7

/** Every driver tests another bit: this answer fails for all of them. */
const allErrors = Status.cryptoError | Status.compressionError

/** Carries out a request of 128 bytes in a bank with this service: the answer at once where nothing is read for it. */
export const execute = (request: Request, service: number): Executed | Steps<Executed> => {
  if (!request.valid) return answer(allErrors | Status.invalidParameter, ErrorCode.fatal)
  if (request.service === Service.null) return nullRequest(request)
  const symmetricBank = service === BankService.symmetric || service === BankService.crypto
  if (request.service === Service.symmetric && symmetricBank) return symmetric(request)
  if (request.service === Service.compression && service === BankService.compression) return compression(request)
  return answer(allErrors | Status.unsupported, ErrorCode.fatal)
}

/** Bit of byte 3: the firmware compressed and verified, also in an error response. */
const verified = 0x40

/** The answer to a request whose descriptor, list or data could not be reached. */
export const faultAnswer = ({ command, service }: Request): Executed => {
  if (service !== Service.compression) return answer(Status.cryptoError | Status.invalidParameter)
  const failed = answer(Status.compressionError | Status.invalidParameter, ErrorCode.fatal)
  return command <= 1 ? { ...failed, flags: verified } : failed
}

/** The response to the same request when its writes failed after all. */
export const failedResponse = (response: Uint8Array): Uint8Array<ArrayBuffer> => {
  const message = new Uint8Array(requestBytes)
  message.set([0, response[7] ?? 0, response[2] ?? 0])
  message.set(response.subarray(8, 16), 24)
  const request = decodeRequest(message)
  return encodeResponse(request, faultAnswer(request))
}

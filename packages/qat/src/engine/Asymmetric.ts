/**
 * Service type 3: public-key requests, which are half as long as others and have a response of their own layout. We serve none of
 * them: each is answered with an error. Source: `icp_qat_fw_pke.h` of DPDK; section 8.1 of the firmware specification.
 *
 * Response, little endian: 2 type, 3 valid flag, 4 i8 error code, 5 flags (bit 6: failed), 8 u64 opaque, 16 u64 source address,
 * 24 u64 destination address.
 */
import { asymmetricRequestBytes, ErrorCode, Status, validFlag } from "./Message.ts"
import { responseBytes } from "../Outcome.ts"

/** Offsets in the request of service type, opaque data, and the two addresses, in bytes. */
const typeAt = 2
const opaqueAt = 24
const addressesAt = 32

/** Writes a fresh response of 32 bytes: failed. Total for any 64 bytes. */
export const answerAsymmetric = (request: Uint8Array): Uint8Array<ArrayBuffer> => {
  const response = new Uint8Array(responseBytes)
  const view = new DataView(response.buffer)
  view.setUint8(2, request[typeAt] ?? 0)
  view.setUint8(3, validFlag)
  view.setInt8(4, ErrorCode.fatal)
  view.setUint8(5, Status.publicKeyError)
  response.set(request.subarray(opaqueAt, opaqueAt + 8), 8)
  response.set(request.subarray(addressesAt, Math.min(addressesAt + 16, asymmetricRequestBytes)), 16)
  return response
}

/**
 * The symmetric service of the engine: ciphers, hashes, chains of both, and AES-GCM. Reads what a request needs, computes, and says what
 * is to be written and answered. Never throws, whatever the request and guest memory hold.
 * Source: section 3 of the firmware specification; simplifications and errors in section 8.
 */
import type { Executed, Request } from "../Message.ts"
import type { Steps } from "../Steps.ts"
import { singlePass, twoSlices } from "./Aead.ts"
import { chain, cipherOnly, flatCipher, hashOnly } from "./Chain.ts"
import { compared, descriptorOf, finish, flatBuffers, inRequest, type Job, listedBuffers, type Result } from "./Job.ts"
import { Command, decodeParameters, type Parameters, Protocol, Slice } from "./Parameters.ts"
import { isRefusal, type Refusal, refuse } from "./Refusal.ts"

type Work = (job: Job) => Steps<Result | Refusal>

/** Parts of messages, wireless algorithms, and nested hashes are not offered, with no command. */
const isOffered = ({ command, extended, hashFlags, partial, slice, zuc }: Parameters): boolean =>
  !partial && !zuc && slice < Slice.wireless && extended === 0 && (command === Command.cipher || hashFlags === 0)

/** Whether configurations come from a place that goes with the command: constants are for ciphers with their key beside, and for hashes. */
const isConfigured = (
  { inPlaceDescriptor }: Request,
  { command, constants, singlePass, slice }: Parameters
): boolean =>
  constants
    ? command === Command.hash ||
      (command === Command.cipher && inPlaceDescriptor && slice === Slice.legacy && !singlePass)
    : !inPlaceDescriptor

/** Who does the request; undefined for what is not offered. */
const workFor = (request: Request, parameters: Parameters): Work | undefined => {
  const { command, protocol } = parameters
  if (!isOffered(parameters) || !isConfigured(request, parameters)) return undefined
  const both = command === Command.cipherHash || command === Command.hashCipher
  if (parameters.singlePass) return command === Command.cipher && protocol === Protocol.none ? singlePass : undefined
  if (protocol === Protocol.gcm) return both ? twoSlices : undefined
  if (protocol !== Protocol.none) return undefined
  if (both) return chain
  if (command === Command.cipher) return cipherOnly
  return command === Command.hash ? hashOnly : undefined
}

/** A request that others than `flatCipher` do, if anybody does. */
function* general(request: Request, parameters: Parameters, work: Work | undefined): Steps<Executed> {
  if (work === undefined) return refuse("unsupported")
  const descriptor = parameters.constants ? inRequest(request) : yield* descriptorOf(request)
  const buffers = request.scattered ? yield* listedBuffers(request) : flatBuffers(request)
  if (isRefusal(buffers)) return refuse(buffers)
  const job: Job = { request, parameters, descriptor, ...buffers }
  const result = yield* work(job)
  if (isRefusal(result)) return refuse(result)
  const verified = parameters.verify && result.digest !== undefined ? yield* compared(job, result.digest) : 0
  return isRefusal(verified) ? refuse(verified) : finish(job, result, verified)
}

/** Does one request of service type 4. */
export const symmetric = (request: Request): Steps<Executed> => {
  const parameters = decodeParameters(request)
  const work = workFor(request, parameters)
  const isFlat = !parameters.constants && parameters.vectorInRequest && !request.scattered
  return work === cipherOnly && isFlat ? flatCipher(request, parameters) : general(request, parameters, work)
}

/** The way to one agent: HTTP over TCP, with TLS or without, or a UNIX socket, with the token and the number of the contract, and failures put into words. */
import { HttpClient, HttpClientError, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import type { RpcClientError } from "@effect/rpc"
import { Effect, type Scope } from "effect"
import { type Address, format } from "../Address.ts"
import { contractHeader, contractVersion } from "../Version.ts"
import {
  AgentNotTrusted,
  AgentUnreachable,
  CallBroken,
  CallRefused,
  type ClientError,
  ContractMismatch
} from "./errors.ts"
import { connectorOf, hintOf, isDistrust, type Trust } from "./Trust.ts"

/** How long a connection may take to be made, in milliseconds. */
const connectMillis = 5000

/** The way that undici says that an answer was cut off because it is too long. */
const tooLong = "UND_ERR_RES_EXCEEDED_MAX_SIZE"

const dispatcher = (
  address: Address,
  trust: Trust | undefined,
  answerBytes: number
): Effect.Effect<Agent, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent({ connect: connectorOf(address, trust, connectMillis), maxResponseSize: answerBytes })),
    (agent) => Effect.promise(() => agent.destroy())
  )

const isAnswer = (response: HttpClientResponse.HttpClientResponse): boolean =>
  response.status === 200 && response.headers[contractHeader] === String(contractVersion)

/** Only answers of an agent of this contract pass. */
const checked = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  if (isAnswer(response)) return Effect.succeed(response)
  return Effect.flatMap(response.text, (description) => {
    const { request } = response
    return Effect.fail(
      new HttpClientError.ResponseError({ request, response, reason: "StatusCode", description: description.trim() })
    )
  })
}

/** For answers that go on for as long as somebody reads: they are taken piece by piece. */
export const endless = -1

/** The HTTP client whose POST to the empty path is a call. Of an answer `answerBytes` are taken, and it is broken off when it has more. */
export const connection = (
  address: Address,
  token: string | undefined,
  trust: Trust | undefined,
  answerBytes: number
): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.map(dispatcher(address, trust, answerBytes), (agent) =>
    NodeHttpClient.makeUndici(agent).pipe(
      HttpClient.mapRequest(
        HttpClientRequest.prependUrl(`${address._tag === "Unix" ? "http://localhost" : format(address)}/rpc`)
      ),
      HttpClient.mapRequest(HttpClientRequest.setHeader(contractHeader, String(contractVersion))),
      HttpClient.mapRequest((request) =>
        token === undefined ? request : HttpClientRequest.bearerToken(request, token)
      ),
      HttpClient.transformResponse(Effect.flatMap(checked))
    )
  )

const bottom = (error: Error): Error => (error.cause instanceof Error ? bottom(error.cause) : error)

/** What went wrong at the bottom, in its own words. */
export const innermost = (cause: unknown): string => (cause instanceof Error ? bottom(cause).message : String(cause))

const refusedBy = (address: Address, call: string, error: HttpClientError.ResponseError): ClientError => {
  const theirs = error.response.headers[contractHeader]
  if (theirs !== undefined && theirs !== String(contractVersion)) return new ContractMismatch({ address, host: theirs })
  const { status } = error.response
  const reason = theirs === undefined ? "no agent of this contract answers there" : (error.description ?? "")
  return new CallRefused({ address, call, status, reason })
}

/** A failure of the way, by what is known of it. */
export const explain = (
  address: Address,
  call: string,
  { cause, message }: RpcClientError.RpcClientError
): ClientError => {
  if (cause instanceof HttpClientError.ResponseError && cause.reason === "StatusCode")
    return refusedBy(address, call, cause)
  const error = cause instanceof Error ? bottom(cause) : new Error(message)
  const reason = error.message
  if ("code" in error && error.code === tooLong)
    return new CallBroken({ address, call, reason: "its answer is longer than any that this program takes" })
  return isDistrust(error)
    ? new AgentNotTrusted({ address, call, reason })
    : new AgentUnreachable({ address, call, reason, hint: hintOf(address, error) })
}

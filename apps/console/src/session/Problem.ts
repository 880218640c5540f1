/** What went wrong with a call, for people: in words, with a code to search for and every rule that said no. Pure. */
import type { HttpApiError, HttpClientError } from "@effect/platform"
import type { ApiError, StreamLost } from "@stopcopy/coordinator-api"
import type { Refusal } from "@stopcopy/errno"
import type { ParseResult } from "effect"

export interface Problem {
  /** In a few words. */
  readonly title: string
  /** In a sentence or two. */
  readonly message: string
  /** The code of the API, or one of ours: `console.unreachable`, `console.answer`. */
  readonly code: string
  readonly refusals: ReadonlyArray<Refusal>
}

/** What a call of the typed client fails with. */
export type CallError =
  ApiError | HttpApiError.HttpApiDecodeError | HttpClientError.HttpClientError | ParseResult.ParseError | StreamLost

const titles: Readonly<Record<ApiError["_tag"], string>> = {
  InvalidRequest: "The coordinator does not take this request",
  Unauthorized: "The coordinator wants a token",
  Forbidden: "The token does not allow this",
  NotFound: "It is not there",
  MethodNotAllowed: "The coordinator does not take this request",
  Conflict: "It does not agree with how things are now",
  TooLarge: "The request is too long",
  UnsupportedMediaType: "The coordinator does not take this request",
  Refused: "Refused; nothing was changed",
  TooManyRequests: "Too much at once",
  Broken: "The coordinator broke on this request",
  Unavailable: "Something that this needs does not answer"
}

const unreachable = (message: string): Problem => ({
  title: "The coordinator does not answer",
  message,
  code: "console.unreachable",
  refusals: []
})

const strange = (message: string): Problem => ({
  title: "The answer was not understood",
  message,
  code: "console.answer",
  refusals: []
})

/** Total. */
export const problemOf = (error: CallError): Problem => {
  switch (error._tag) {
    case "RequestError":
      return unreachable("no answer came; it may be restarting, or the way to it is cut")
    case "StreamLost":
      return unreachable(error.reason)
    case "ResponseError":
      return strange(`status ${error.response.status}, and not in the form of the API`)
    case "ParseError":
    case "HttpApiDecodeError":
      return strange(error.message)
    default: {
      const { _tag, code, message, refusals } = error
      return { title: titles[_tag], message, code, refusals }
    }
  }
}

/** Whether another token could help. */
export const wantsToken = ({ code }: Problem): boolean => code === "token.missing" || code === "token.unknown"

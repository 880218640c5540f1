/** What went wrong with a request, as the outcome of a command: in one line, and a paragraph for each refusal if there are several. */
import type { HttpApiError, HttpClientError } from "@effect/platform"
import { ApiError, type StreamLost, UnreadableAnswer } from "@stopcopy/coordinator-api"
import { ParseResult, Schema } from "effect"
import { getSystemErrorMap } from "node:util"
import { withoutControls } from "../Lines.ts"
import { Misuse, Negative, oneLine, type Outcome, Refused, Unanswered } from "../Outcome.ts"
import { against, blockersLines } from "./Blockers.ts"
import { givenText } from "./Given.ts"

/** What a request may fail with. */
export type CallError =
  ApiError | HttpApiError.HttpApiDecodeError | HttpClientError.HttpClientError | ParseResult.ParseError | StreamLost

const hasCode = (value: unknown): value is { readonly code: string } =>
  typeof value === "object" && value !== null && "code" in value && typeof value.code === "string"

/** The error at the bottom. */
const innermost = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error

/** What the operating system calls it. */
const reasonOf = (error: unknown): string => {
  const bottom = innermost(error)
  const code = hasCode(bottom) ? bottom.code : ""
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code)?.[1]
  const said = bottom instanceof Error ? bottom.message : String(bottom)
  return known ?? (said === "" ? code : said)
}

/** Codes of OpenSSL and Node for a certificate that nobody vouches for. */
const untrusted = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/

const unreachable = (baseUrl: string, error: HttpClientError.RequestError): Outcome => {
  const bottom = innermost(error)
  if (hasCode(bottom) && untrusted.test(bottom.code)) {
    return new Misuse({
      message: `nobody vouches for the certificate of ${baseUrl} (${oneLine(bottom.code)}); name the one of its authority with --ca-file`
    })
  }
  const remedy = "start stopcopy-coordinator, or say where it is with --coordinator, STOPCOPY_COORDINATOR or the file"
  return new Unanswered({ message: oneLine(`no coordinator answers at ${baseUrl}: ${reasonOf(error)}; ${remedy}`) })
}

/** What each error of the API means for a command. */
const outcomes: Readonly<Record<ApiError["_tag"], new (args: { readonly message: string }) => Outcome>> = {
  InvalidRequest: Misuse,
  Unauthorized: Misuse,
  Forbidden: Misuse,
  NotFound: Misuse,
  MethodNotAllowed: Misuse,
  TooLarge: Misuse,
  UnsupportedMediaType: Misuse,
  Conflict: Negative,
  Refused,
  TooManyRequests: Negative,
  Broken: Negative,
  Unavailable: Negative
}

const tokenRemedy = "give one with --token-file, STOPCOPY_TOKEN, STOPCOPY_TOKEN_FILE or the file"

const messageOf = (baseUrl: string, { _tag, code, message }: ApiError): string => {
  if (_tag !== "Unauthorized") return message
  return code === "token.missing"
    ? `the coordinator at ${baseUrl} asks for a token; ${tokenRemedy}`
    : `the coordinator at ${baseUrl} does not know the token; ${tokenRemedy}`
}

const beginnings: Readonly<Partial<Record<ApiError["_tag"], string>>> = {
  Refused: "refused, and nothing was touched",
  InvalidRequest: "the request is wrong"
}

/** With more than one refusal the list says it all, each in its own paragraph. */
const apiText = (baseUrl: string, error: ApiError): string => {
  const { _tag, code, refusals } = error
  if (refusals.length < 2) {
    const message = oneLine(messageOf(baseUrl, error))
    return message.endsWith(`[${code}]`) ? message : `${message} [${code}]`
  }
  const begin = beginnings[_tag] ?? oneLine(error.message)
  const head = `${begin}: ${against(refusals)} [${code}]`
  return [head, ...blockersLines(refusals)].map(withoutControls).join("\n")
}

export const isApiError = Schema.is(ApiError)

const notUnderstood = (baseUrl: string, error: ParseResult.ParseError): Outcome => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  const path = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `
  const where = `${path}${issue?.message ?? "no reason"}`
  return new Unanswered({
    message: oneLine(`the answer of ${baseUrl} is not understood (${where}); do both have the same version?`)
  })
}

/** The outcome. `baseUrl`: who was asked. */
export const explain = (baseUrl: string, error: CallError): Outcome => {
  if (isApiError(error)) return new outcomes[error._tag]({ message: apiText(baseUrl, error) })
  switch (error._tag) {
    case "RequestError":
      return unreachable(baseUrl, error)
    case "ResponseError":
      return new Unanswered({
        message: `${baseUrl} answers ${error.response.status} with something that is no answer of this API; is it a coordinator, and of this version?`
      })
    case "ParseError":
      return error instanceof UnreadableAnswer
        ? notUnderstood(baseUrl, error)
        : new Misuse({ message: givenText(error) })
    case "HttpApiDecodeError":
      return new Misuse({ message: oneLine(`${baseUrl} does not take the request: ${error.message}`) })
    case "StreamLost":
      return new Unanswered({ message: oneLine(error.message) })
  }
}

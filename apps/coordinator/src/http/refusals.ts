/** What goes wrong before a handler is reached, or behind it, as errors of the API. */
import { type HttpApiError, type HttpServerError, HttpServerResponse } from "@effect/platform"
import {
  ApiError,
  Broken,
  Forbidden,
  InvalidRequest,
  MethodNotAllowed,
  NotFound,
  TooLarge,
  UnsupportedMediaType
} from "@stopcopy/coordinator-api"
import { Schema } from "effect"
import { apiPath } from "./paths.ts"

const encode = Schema.encodeSync(ApiError)

const statuses: Readonly<Record<ApiError["_tag"], number>> = {
  InvalidRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  Conflict: 409,
  TooLarge: 413,
  UnsupportedMediaType: 415,
  Refused: 422,
  TooManyRequests: 429,
  Broken: 500,
  Unavailable: 503
}

/** An error as it is answered. */
export const answer = (
  error: ApiError,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(encode(error), { status: statuses[error._tag], headers })

/** A request that schemas do not admit: every mistake, each with where it stands. */
export const undecodable = ({ issues }: HttpApiError.HttpApiDecodeError): InvalidRequest => {
  const refusals = issues.map(({ message, path }) => ({
    code: "request.field",
    rule: message.replaceAll(/\s*\n\s*/g, " "),
    where: path.length === 0 ? "the request" : path.map(String).join("."),
    source: "as it was sent",
    destination: "the form of the API",
    remedy: "correct it; /openapi.json has the form"
  }))
  const message = refusals.map(({ rule, where }) => `${where}: ${rule}`).join("; ")
  return new InvalidRequest({ code: "request.invalid", message, refusals })
}

const causeText = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** A body that cannot be read. */
export const unreadable = ({ cause }: HttpServerError.RequestError): InvalidRequest =>
  new InvalidRequest({ code: "request.json", message: `the body is no JSON: ${causeText(cause)}`, refusals: [] })

/** A body of which nobody says how long it is: it could not be refused before it is read. */
export const noLength = (): InvalidRequest =>
  new InvalidRequest({
    code: "request.length",
    message: "the body comes in chunks, without its length; send Content-Length",
    refusals: []
  })

export const tooLarge = (bodyLimit: number): TooLarge =>
  new TooLarge({
    code: "request.size",
    message: `the body has more than ${bodyLimit} bytes, which is as much as is read; ask for less at once`,
    refusals: []
  })

export const noJson = (contentType: string): UnsupportedMediaType =>
  new UnsupportedMediaType({
    code: "request.content-type",
    message: `the body is ${contentType === "" ? "of no named type" : contentType}; send application/json`,
    refusals: []
  })

/** A query where none is read: who sends one wants something that will not happen. */
export const noQuery = (method: string, path: string, query: string): InvalidRequest =>
  new InvalidRequest({
    code: "request.query",
    message: `${method} ${path} takes no parameters, and '?${query}' came with it; leave it out`,
    refusals: []
  })

/** A body where none is read. */
export const noBody = (method: string, path: string): InvalidRequest =>
  new InvalidRequest({
    code: "request.body",
    message: `${method} ${path} takes no body, and one came with it; leave it out`,
    refusals: []
  })

/** A name of the machine that a page of another site may have made up: such pages reach what listens on this machine. */
export const foreignHost = (host: string): Forbidden =>
  new Forbidden({
    code: "request.host",
    message: `the request is for the host '${host}', and a service without tokens answers for this machine's own names alone; use 127.0.0.1 or localhost, or set tokens`,
    refusals: []
  })

/** A path for other methods: those of `allow`. */
export const noMethod = (method: string, path: string, allow: string): HttpServerResponse.HttpServerResponse => {
  const message = `${path} has no ${method}; use ${allow}`
  return answer(new MethodNotAllowed({ code: "request.method", message, refusals: [] }), { allow })
}

/** A path that is not there, or not for this method. */
export const noRoute = (method: string, path: string): HttpServerResponse.HttpServerResponse => {
  const there = apiPath(path)
  if (there === undefined) {
    const message = `there is no ${path}; /openapi.json and /docs have what there is`
    return answer(new NotFound({ code: "request.path", message, refusals: [] }))
  }
  return noMethod(method, path, [...there.methods.keys()].join(", "))
}

/** A defect. Its cause is in the log, not in the answer. */
export const broken = (): Broken =>
  new Broken({
    code: "service.broken",
    message:
      "the service broke on this request, and what it did is unknown; look at its log, and at the state, before going on",
    refusals: []
  })

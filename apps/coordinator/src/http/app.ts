/** What is served on the one port: the API, its documents, health and metrics; what every request must keep to. */
import {
  HttpApiBuilder,
  HttpApiError,
  type HttpApp,
  HttpIncomingMessage,
  type HttpRouter,
  HttpServerError,
  HttpServerRequest,
  type HttpServerResponse
} from "@effect/platform"
import { apiPrefix, CoordinatorApi } from "@stopcopy/coordinator-api"
import { Cause, Effect, Option } from "effect"
import type { Documents } from "../docs/documents.ts"
import { counted } from "../metrics/requests.ts"
import type { Site } from "../site/site.ts"
import { apiPath, pathOf, queryOf } from "./paths.ts"
import * as Refusals from "./refusals.ts"

type Response = HttpServerResponse.HttpServerResponse
type Request = HttpServerRequest.HttpServerRequest
type Services = HttpRouter.HttpRouter.DefaultServices

interface AppOptions {
  /** Bytes of a body, at most. */
  readonly bodyLimit: number
  /** Names in `Host` are looked at: there are no tokens, so that what reaches the service may do everything. */
  readonly isOpen: boolean
  readonly documents: Documents
  readonly site: Site
  readonly health: Effect.Effect<Response>
  readonly readiness: Effect.Effect<Response>
  /** Who may read may see metrics. */
  readonly metrics: HttpApp.Default
}

const localNames = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?$/i

/** What the endpoint has no use for. Undefined: nothing is, or there is no such endpoint, which is told elsewhere. */
const uselessOf = ({ headers, method, url }: Request): Response | undefined => {
  const [path, query] = [pathOf(url), queryOf(url)]
  const takes = apiPath(path)?.methods.get(method)
  if (takes === undefined) return undefined
  if (!takes.query && query !== "") return Refusals.answer(Refusals.noQuery(method, path, query))
  const hasBody = Number(headers["content-length"] ?? 0) > 0
  return !takes.body && hasBody ? Refusals.answer(Refusals.noBody(method, path)) : undefined
}

/** Why this request is not even looked at. */
const refusal = (request: Request, { bodyLimit, isOpen }: AppOptions): Response | undefined => {
  const host = request.headers["host"] ?? ""
  if (isOpen && !localNames.test(host)) return Refusals.answer(Refusals.foreignHost(host))
  if (request.method !== "POST" && request.method !== "PUT") return uselessOf(request)
  const length = Number(request.headers["content-length"] ?? 0)
  // What is still on its way will not be read: the connection is of no use any more.
  const closing = { connection: "close" }
  if (request.headers["transfer-encoding"] !== undefined) return Refusals.answer(Refusals.noLength(), closing)
  if (length > bodyLimit) return Refusals.answer(Refusals.tooLarge(bodyLimit), closing)
  const contentType = request.headers["content-type"] ?? ""
  return length > 0 && !/^application\/json\s*(;|$)/i.test(contentType)
    ? Refusals.answer(Refusals.noJson(contentType))
    : uselessOf(request)
}

const decodeErrorOf = (failure: Option.Option<unknown>): HttpApiError.HttpApiDecodeError | undefined =>
  Option.getOrUndefined(Option.filter(failure, (error) => error instanceof HttpApiError.HttpApiDecodeError))

/**
 * What the platform says of a request that schemas do not admit becomes an error of the API, inside of it, where it is still encoded. By the types the
 * router has no errors there, which is why the cause is looked at.
 */
export const apiErrors = HttpApiBuilder.middleware(CoordinatorApi, (app) =>
  Effect.catchAllCause(app, (cause) => {
    const error = decodeErrorOf(Cause.failureOption(cause))
    return error === undefined ? Effect.failCause(cause) : Effect.fail(Refusals.undecodable(error))
  })
)

const bodyDefect = (defect: unknown) =>
  defect instanceof HttpServerError.RequestError
    ? Option.some(Effect.succeed(Refusals.answer(Refusals.unreadable(defect))))
    : Option.none()

const served = (
  request: Request,
  path: string,
  api: HttpApp.Default<never, Services>,
  options: AppOptions
): HttpApp.Default<never, Services> => {
  const get = request.method === "GET" || request.method === "HEAD"
  const { documents } = options
  const own: Readonly<Record<string, HttpApp.Default>> = {
    "/healthz": options.health,
    "/readyz": options.readiness,
    "/metrics": options.metrics,
    "/openapi.json": documents.openApi,
    "/docs": documents.page
  }
  const page = own[path]
  if (page !== undefined) return get ? page : Effect.succeed(Refusals.noMethod(request.method, path, "GET"))
  if (path.startsWith(`${apiPrefix}/`)) return api
  const file = get ? options.site(request, path) : undefined
  return file ?? Effect.succeed(Refusals.noRoute(request.method, path))
}

/** The handler of every request: always an answer, in the form of the API. */
export const makeApp = (
  api: HttpApp.Default<unknown, Services>,
  options: AppOptions
): HttpApp.Default<never, Services> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const path = pathOf(request.url)
    const handled = api.pipe(
      Effect.catchSomeDefect(bodyDefect),
      Effect.catchAll((error) =>
        error instanceof HttpServerError.RouteNotFound
          ? Effect.succeed(Refusals.noRoute(request.method, path))
          : Effect.die(error)
      ),
      Effect.catchAllCause((cause) =>
        Cause.isInterruptedOnly(cause)
          ? Effect.interrupt
          : Effect.as(Effect.logError(`${request.method} ${path} broke`, cause), Refusals.answer(Refusals.broken()))
      ),
      HttpIncomingMessage.withMaxBodySize(Option.some(options.bodyLimit))
    )
    const refused = refusal(request, options)
    return counted(
      request.method,
      path,
      refused === undefined ? served(request, path, handled, options) : Effect.succeed(refused)
    )
  })

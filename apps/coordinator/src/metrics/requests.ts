/** Requests as they are answered: how many, how long, by path of the API and status; each that changes something in the log. */
import type { HttpServerResponse } from "@effect/platform"
import { Duration, Effect, Metric, MetricBoundaries } from "effect"
import { apiPath } from "../http/paths.ts"
import { labelled } from "./labelled.ts"

const requests = Metric.counter("stopcopy_coordinator_requests_total", {
  description: "Requests by method, path and status",
  incremental: true
})

const seconds = Metric.histogram(
  "stopcopy_coordinator_request_seconds",
  MetricBoundaries.fromIterable([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]),
  "How long it took until the head of an answer was ready, by path"
)

/** Paths and methods that nobody serves are one each: who calls chooses their number. */
const pathName = (path: string): string =>
  apiPath(path)?.pattern ?? (/^\/(healthz|readyz|metrics|openapi\.json|docs)$/.test(path) ? path : "other")
const methodName = (method: string): string => (/^(GET|HEAD|POST|PUT|DELETE)$/.test(method) ? method : "other")

const isChange = (method: string): boolean => method !== "GET" && method !== "HEAD"

type Response = HttpServerResponse.HttpServerResponse

/** The answer, counted and logged. */
export const counted = <E, R>(
  method: string,
  path: string,
  app: Effect.Effect<Response, E, R>
): Effect.Effect<Response, E, R> =>
  Effect.gen(function* () {
    const [took, response] = yield* Effect.timed(app)
    const { status } = response
    const [route, taken] = [pathName(path), Duration.toSeconds(took)]
    yield* Metric.increment(labelled(requests, { method: methodName(method), path: route, status: String(status) }))
    yield* Metric.update(labelled(seconds, { path: route }), taken)
    if (isChange(method)) {
      yield* Effect.annotateLogs(Effect.logInfo(`${method} ${path}`), { status, seconds: taken })
    }
    return response
  })

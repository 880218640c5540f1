/** The documents of the API, each made once, when it is first asked for: OpenAPI as JSON, and a page for people. */
import { HttpServerResponse, OpenApi } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import { pageOf } from "./page.ts"

export interface Documents {
  readonly openApi: Effect.Effect<HttpServerResponse.HttpServerResponse>
  readonly page: Effect.Effect<HttpServerResponse.HttpServerResponse>
}

/** Nothing is loaded from anywhere, and nothing runs. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const makeDocuments: Effect.Effect<Documents> = Effect.gen(function* () {
  const document = yield* Effect.cached(Effect.sync(() => OpenApi.fromApi(CoordinatorApi)))
  const openApi = Effect.map(document, (made) => HttpServerResponse.unsafeJson(made))
  const page = Effect.map(document, (made) =>
    HttpServerResponse.html(pageOf(made)).pipe(
      HttpServerResponse.setHeaders({ "content-security-policy": policy, "x-content-type-options": "nosniff" })
    )
  )
  return { openApi: yield* Effect.cached(openApi), page: yield* Effect.cached(page) }
})

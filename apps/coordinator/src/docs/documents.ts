/** The documents of the API, made once: OpenAPI as JSON, and a page for people. */
import { HttpServerResponse, OpenApi } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import { pageOf } from "./page.ts"

export interface Documents {
  readonly openApi: HttpServerResponse.HttpServerResponse
  readonly page: HttpServerResponse.HttpServerResponse
}

/** Nothing is loaded from anywhere, and nothing runs. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const makeDocuments = (): Documents => {
  const document = OpenApi.fromApi(CoordinatorApi)
  return {
    openApi: HttpServerResponse.unsafeJson(document),
    page: HttpServerResponse.html(pageOf(document)).pipe(
      HttpServerResponse.setHeaders({ "content-security-policy": policy, "x-content-type-options": "nosniff" })
    )
  }
}

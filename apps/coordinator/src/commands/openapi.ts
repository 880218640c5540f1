/** `openapi`: the document of the API, for whoever makes a client of it without a service at hand. */
import { OpenApi } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import { Effect } from "effect"

export const openApi: Effect.Effect<void> = Effect.sync(
  () => void process.stdout.write(`${JSON.stringify(OpenApi.fromApi(CoordinatorApi), null, 2)}\n`)
)

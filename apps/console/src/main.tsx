/** The entry of the console: mounts the app into the page. */
import { FetchHttpClient } from "@effect/platform"
import { makeClient } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"

const root = document.getElementById("root")
const program = Effect.flatMap(makeClient({ baseUrl: location.origin }), (client) => client.hosts.list({}))
void Effect.runPromise(Effect.provide(program, FetchHttpClient.layer)).then((hosts) => console.log(hosts))
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <h1>Stopcopy</h1>
    </StrictMode>
  )
}

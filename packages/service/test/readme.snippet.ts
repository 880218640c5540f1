/** The example of the README, compiled and run by the tests. */
// region readme
import { HttpServerResponse } from "@effect/platform"
import { Arguments, problem, problemLines } from "@stopcopy/service"
import { listen } from "@stopcopy/service/listen"
import { Effect } from "effect"

const known = new Arguments("greeter", new Map([["serve", { once: ["--port"], repeated: [], flags: [] }]]))

/** What is wrong with how the program was called, all of it. */
export const mistakes = (args: ReadonlyArray<string>): string =>
  [
    known.problems(known.withValuesApart(args)) ?? "",
    problemLines(args.includes("--port=x") ? [problem("--port", "'x' is no port")] : [])
  ].join("\n")

/** Serves until the scope closes; gives the port. */
export const greet = Effect.gen(function* () {
  const options = { host: "127.0.0.1", port: 0, tls: undefined, connections: 16, requestMillis: 5000 }
  const { closing, http, port } = yield* listen({ ...options, grace: "1 second" })
  yield* http.serve(Effect.succeed(HttpServerResponse.text("hello\n")))
  yield* Effect.addFinalizer(() => closing)
  return port
})
// endregion

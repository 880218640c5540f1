/** Everything that a page needs of one coordinator, for one token: typed calls, the stream of events, who calls. */
import { FetchHttpClient } from "@effect/platform"
import { type CallerView, type Client, makeClient } from "@stopcopy/coordinator-api"
import { Effect, type Either } from "effect"
import { Live } from "../live/Live.ts"
import { Resources } from "../live/Resources.ts"
import { type CallError, type Problem, problemOf, wantsToken } from "./Problem.ts"

interface SessionOptions {
  /** The origin of the coordinator, which is that of the page. */
  readonly baseUrl: string
  readonly token: string | undefined
  readonly caller: CallerView
  /** The token is not known any more. */
  readonly onUnauthorized: (problem: Problem) => void
}

/** A client for a token; nothing is sent before the first call. */
export const clientFor = (baseUrl: string, token: string | undefined): Client =>
  makeClient({ baseUrl, ...(token === undefined ? {} : { token }) }).pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.runSync
  )

export class Session {
  readonly baseUrl: string
  /** Undefined where the coordinator has none. */
  readonly token: string | undefined
  readonly caller: CallerView
  readonly client: Client
  readonly live: Live
  readonly resources: Resources
  private readonly onUnauthorized: (problem: Problem) => void

  constructor({ baseUrl, caller, onUnauthorized, token }: SessionOptions) {
    this.baseUrl = baseUrl
    this.token = token
    this.caller = caller
    this.onUnauthorized = onUnauthorized
    this.client = clientFor(baseUrl, token)
    this.live = new Live({ baseUrl, token, onUnauthorized })
    this.resources = new Resources(this.client, this.live, this.problem)
  }

  /** The failure of a call in words. A token that is not known any more ends the session. */
  readonly problem = (error: CallError): Problem => {
    const problem = problemOf(error)
    if (wantsToken(problem)) this.onUnauthorized(problem)
    return problem
  }

  /** Makes a call; what it fails with comes back in words. */
  readonly call = <A>(effect: Effect.Effect<A, CallError>): Promise<Either.Either<A, Problem>> =>
    Effect.runPromise(Effect.either(Effect.mapError(effect, this.problem)))
}

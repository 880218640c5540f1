/** The typed client: every endpoint as a method, every error of the API as it is. The events have a reader of their own, `follow`. */
import { HttpApiClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, ParseResult, Struct } from "effect"
import { CoordinatorApi } from "./Api.ts"

export interface ClientOptions {
  /** Where the coordinator is: `http://127.0.0.1:7700`. */
  readonly baseUrl: string
  readonly token?: string
}

/** An answer that does not have the form of the API. Any other `ParseError` of a call is about what it was given: nothing was sent. */
export class UnreadableAnswer extends ParseResult.ParseError {}

const unreadable = Effect.mapError((error: unknown) =>
  ParseResult.isParseError(error) ? new UnreadableAnswer({ issue: error.issue }) : error
)

const makeCalls = ({ baseUrl, token }: ClientOptions) =>
  Effect.map(
    HttpApiClient.make(CoordinatorApi, {
      baseUrl,
      transformResponse: unreadable,
      transformClient: HttpClient.mapRequest((request) =>
        token === undefined ? request : HttpClientRequest.bearerToken(request, token)
      )
    }),
    Struct.omit("events")
  )

/** The calls by their groups: `client.migrations.start({ headers, payload })`. */
export type Client = Effect.Effect.Success<ReturnType<typeof makeCalls>>

/** A client over the HTTP client of the context: that of the browser, or of Node. Nothing is sent before the first call. */
export const makeClient = (options: ClientOptions): Effect.Effect<Client, never, HttpClient.HttpClient> =>
  makeCalls(options)

/**
 * Follows what happens at a coordinator: events in order, each once. A connection that is lost, or silent for too long, is made again and goes on behind the
 * last event that was seen.
 */
import { HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { Data, type Duration, Effect, Either, Option, Schedule, Schema, Stream } from "effect"
import { apiPrefix } from "./Api.ts"
import { ApiError } from "./Errors.ts"
import { Event, messages } from "./Event.ts"
import { lastEventHeader } from "./EventsGroup.ts"
import { type Message, MessageReader } from "./ServerSentEvents.ts"

export interface FollowOptions {
  /** Where the coordinator is: `http://127.0.0.1:7700`. */
  readonly baseUrl: string
  readonly token?: string
  /** The sequence after which to begin. Default: with what happens from now on. */
  readonly after?: number
  /** Only what belongs to this migration. */
  readonly migration?: string
  /** `false`: ends with the last event that there is. Default: true. */
  readonly follow?: boolean
  /** How often in a row a connection is tried again before the stream fails. Default: 8. */
  readonly tries?: number
  /** The pause before the second try; it doubles with each, up to 5 seconds. Default: 200 milliseconds. */
  readonly pause?: Duration.DurationInput
  /** Without anything for so long the connection counts as lost; the service sends something every 15 seconds. Default: 45 seconds. */
  readonly silence?: Duration.DurationInput
  /** Told how the connection is, whenever that changes: for those who show it. */
  readonly onConnection?: (connection: Connection) => void
}

/** `Open`: the service has said where the stream is. `Lost`: the connection is gone, or was not made; it is tried again unless `tries` are used up. */
export type Connection =
  { readonly _tag: "Open"; readonly after: number } | { readonly _tag: "Lost"; readonly reason: string }

/** The coordinator does not answer any more, or with something that is no stream of events. */
export class StreamLost extends Data.TaggedError("StreamLost")<{
  readonly baseUrl: string
  /** The sequence after which to go on. */
  readonly after: number | undefined
  readonly reason: string
}> {
  override get message(): string {
    return `the events of ${this.baseUrl} are lost behind ${this.after ?? "nothing"}: ${this.reason}`
  }
}

/** What a message says: an event, or only where the stream is. */
type Said = { readonly after: number; readonly event: Event | undefined }

const decodeEvent = Schema.decodeUnknownEither(Schema.parseJson(Event))
const decodeError = Schema.decodeUnknownOption(Schema.parseJson(ApiError))

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** One stream, over as many connections as it takes. */
class Follower {
  private readonly http: HttpClient.HttpClient
  private readonly options: FollowOptions
  private after: number | undefined
  private isOpen = false

  constructor(http: HttpClient.HttpClient, options: FollowOptions) {
    this.http = http
    this.options = options
    this.after = options.after
  }

  private readonly lost = (reason: string): StreamLost =>
    new StreamLost({ baseUrl: this.options.baseUrl, after: this.after, reason })

  private request(): HttpClientRequest.HttpClientRequest {
    const { baseUrl, follow = true, migration, token } = this.options
    return HttpClientRequest.get(`${baseUrl.replace(/\/$/, "")}${apiPrefix}/events`).pipe(
      HttpClientRequest.setUrlParams({ follow: String(follow), ...(migration === undefined ? {} : { migration }) }),
      HttpClientRequest.accept("text/event-stream"),
      (request) =>
        this.after === undefined ? request : HttpClientRequest.setHeader(request, lastEventHeader, String(this.after)),
      (request) => (token === undefined ? request : HttpClientRequest.bearerToken(request, token))
    )
  }

  private readonly checked = (
    response: HttpClientResponse.HttpClientResponse
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError | StreamLost> => {
    if (response.status === 200) return Effect.succeed(response)
    return response.text.pipe(
      Effect.orElseSucceed(() => ""),
      Effect.flatMap((text) =>
        Effect.fail(
          Option.getOrElse(decodeError(text), () => this.lost(`it answered ${response.status}: ${text.trim()}`))
        )
      )
    )
  }

  private readonly said = ({ data, event, id }: Message): Effect.Effect<Said, StreamLost> => {
    const after = Number(id)
    if (id === "" || !Number.isSafeInteger(after))
      return Effect.fail(this.lost(`a message without a sequence: "${id}"`))
    if (event !== messages.event) return Effect.succeed({ after, event: undefined })
    const decoded = decodeEvent(data)
    return Either.isLeft(decoded)
      ? Effect.fail(this.lost(`a message that is no event: ${decoded.left.message}`))
      : Effect.succeed({ after, event: decoded.right })
  }

  private seen(after: number): void {
    this.after = after
    if (this.isOpen) return
    this.isOpen = true
    this.options.onConnection?.({ _tag: "Open", after })
  }

  private readonly closed = (error: ApiError | StreamLost): Effect.Effect<void> =>
    Effect.sync(() => {
      this.isOpen = false
      this.options.onConnection?.({ _tag: "Lost", reason: error instanceof StreamLost ? error.reason : error.message })
    })

  /** One connection, until it is lost; it ends only where it is not to follow. */
  private readonly connection = Stream.suspend(() => {
    const reader = new MessageReader()
    const { follow = true, silence = "45 seconds" } = this.options
    const pieces = this.http.execute(this.request()).pipe(
      Effect.mapError((error) => this.lost(messageOf(error))),
      Effect.flatMap(this.checked),
      Effect.map(({ stream }) => Stream.mapError(stream, (error) => this.lost(messageOf(error)))),
      Stream.unwrap,
      Stream.decodeText(),
      Stream.timeoutFail(() => this.lost("nothing came for too long"), silence)
    )
    const all = pieces.pipe(
      Stream.mapConcatEffect((piece) => Effect.mapError(reader.read(piece), this.lost)),
      Stream.mapEffect(this.said),
      Stream.tap(({ after }) => Effect.sync(() => this.seen(after)))
    )
    return follow
      ? Stream.concat(
          all,
          Stream.failSync(() => this.lost("the service closed the stream"))
        )
      : all
  })

  get events(): Stream.Stream<Event, ApiError | StreamLost> {
    const { pause = "200 millis", tries = 8 } = this.options
    const schedule = Schedule.exponential(pause).pipe(
      Schedule.union(Schedule.spaced("5 seconds")),
      Schedule.intersect(Schedule.recurs(tries)),
      Schedule.whileInput((error: ApiError | StreamLost) => error._tag === "StreamLost")
    )
    return this.connection.pipe(
      Stream.tapError(this.closed),
      Stream.retry(schedule),
      Stream.filterMap(({ event }) => Option.fromNullable(event))
    )
  }
}

/** Events from a position on, those to come included. */
export const follow = (options: FollowOptions): Stream.Stream<Event, ApiError | StreamLost, HttpClient.HttpClient> =>
  Stream.unwrap(Effect.map(HttpClient.HttpClient, (http) => new Follower(http, options).events))

/**
 * The one stream of events of this page: everything that happens at the coordinator, each event once. A connection that is lost is made again behind the
 * last event that was seen, for as long as the page is open.
 */
import { FetchHttpClient } from "@effect/platform"
import { type ApiError, type Event, follow, StreamLost } from "@stopcopy/coordinator-api"
import { Chunk, Clock, Effect, Fiber, Option, Stream } from "effect"
import { type Problem, problemOf } from "../session/Problem.ts"
import { Store } from "../store/Store.ts"

/** `since`: milliseconds since 1970. */
type Connection =
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Open" }
  | { readonly _tag: "Lost"; readonly reason: string; readonly since: number }

/** `Opened`: the stream is open, and what was read before may be old. `Events`: what happened, in order. */
export type News = { readonly _tag: "Opened" } | { readonly _tag: "Events"; readonly events: ReadonlyArray<Event> }

interface LiveOptions {
  readonly baseUrl: string
  readonly token: string | undefined
  /** The token is not known any more. */
  readonly onUnauthorized: (problem: Problem) => void
}

/** The pause after an answer that is an error: the service is there, and does not want to stream now. */
const refusedPause = "3 seconds"

export class Live {
  readonly connection = new Store<Connection>({ _tag: "Connecting" })
  private readonly listeners = new Set<(news: News) => void>()
  private readonly options: LiveOptions
  private after: number | undefined
  private fiber: Fiber.RuntimeFiber<void> | undefined

  constructor(options: LiveOptions) {
    this.options = options
  }

  /** Tells what happens from now on, until what this gives is called. */
  readonly listen = (listener: (news: News) => void): (() => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  start(): void {
    this.stop()
    this.fiber = Effect.runFork(this.following)
  }

  stop(): void {
    if (this.fiber !== undefined) Effect.runFork(Fiber.interrupt(this.fiber))
    this.fiber = undefined
  }

  private tell(news: News): void {
    for (const listener of this.listeners) listener(news)
  }

  private readonly lost = (reason: string): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (now) =>
      this.connection.update((known) => ({ _tag: "Lost", reason, since: known._tag === "Lost" ? known.since : now }))
    )

  private opened(): void {
    this.connection.set({ _tag: "Open" })
    this.tell({ _tag: "Opened" })
  }

  private readonly took = (events: Chunk.Chunk<Event>): Effect.Effect<void> =>
    Effect.sync(() => {
      this.after = Option.match(Chunk.last(events), { onNone: () => this.after, onSome: ({ sequence }) => sequence })
      this.tell({ _tag: "Events", events: Chunk.toReadonlyArray(events) })
    })

  /** Connections one after the other, until the service says something that another try does not change. */
  private readonly connections = Effect.suspend(() => {
    const { baseUrl, token } = this.options
    const from = this.after === undefined ? {} : { after: this.after }
    return follow({
      baseUrl,
      ...(token === undefined ? {} : { token }),
      ...from,
      tries: Number.POSITIVE_INFINITY,
      onConnection: (connection) => {
        if (connection._tag === "Open") this.opened()
        else Effect.runSync(this.lost(connection.reason))
      }
    }).pipe(Stream.runForEachChunk(this.took), Effect.provide(FetchHttpClient.layer))
  })

  private readonly refused = (error: ApiError | StreamLost): Effect.Effect<void, ApiError> => {
    if (error instanceof StreamLost) return this.lost(error.reason)
    if (error._tag === "Unauthorized") return Effect.fail(error)
    // Another journal is behind the same address, or the events were removed: what is known is not of use any more.
    if (error.code === "events.position" && this.after !== undefined) {
      this.after = undefined
      return Effect.void
    }
    return Effect.zipRight(this.lost(error.message), Effect.sleep(refusedPause))
  }

  private readonly following = Effect.suspend(() => this.connections).pipe(
    Effect.catchAll((error) => this.refused(error)),
    Effect.forever,
    Effect.catchAll((error) => Effect.sync(() => this.options.onUnauthorized(problemOf(error)))),
    Effect.asVoid
  )
}

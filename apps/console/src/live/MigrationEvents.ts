/** All events of one migration: those that the journal has, then those that come, each once and in order. Read while somebody watches. */
import { FetchHttpClient } from "@effect/platform"
import { type ApiError, type Event, follow, isOfMigration, type StreamLost } from "@stopcopy/coordinator-api"
import { Chunk, Effect, Either, Fiber, Stream } from "effect"
import type { Problem } from "../session/Problem.ts"
import type { Session } from "../session/Session.ts"
import { type Readable, Store } from "../store/Store.ts"
import { whileWatched } from "../store/whileWatched.ts"
import type { News } from "./Live.ts"

interface MigrationHistory {
  /** What happened before is being read. */
  readonly isReading: boolean
  /** Why what happened before is not there. */
  readonly problem: Problem | undefined
  readonly events: ReadonlyArray<Event>
}

const nothing: MigrationHistory = { isReading: true, problem: undefined, events: [] }

export class MigrationEvents implements Readable<MigrationHistory> {
  private readonly store = new Store<MigrationHistory>(nothing)
  private readonly session: Session
  private readonly id: string

  constructor(session: Session, id: string) {
    this.session = session
    this.id = id
  }

  readonly get = (): MigrationHistory => this.store.get()

  readonly subscribe = whileWatched(this.store, () => {
    this.store.set(nothing)
    const unlisten = this.session.live.listen(this.took)
    const fiber = Effect.runFork(this.reading)
    return () => {
      unlisten()
      Effect.runFork(Fiber.interrupt(fiber))
    }
  })

  private readonly took = (news: News): void => {
    if (news._tag === "Events") this.add(news.events.filter((event) => isOfMigration(event, this.id)))
  }

  /** What comes live may come while the past is read: each event is kept once. */
  private add(events: ReadonlyArray<Event>): void {
    if (events.length === 0) return
    this.store.update((now) => {
      const [last, first] = [now.events.at(-1)?.sequence ?? 0, events[0]?.sequence ?? 0]
      if (first > last) return { ...now, events: [...now.events, ...events] }
      const known = new Set(now.events.map(({ sequence }) => sequence))
      const fresh = events.filter(({ sequence }) => !known.has(sequence))
      const all = [...now.events, ...fresh].toSorted((one, other) => one.sequence - other.sequence)
      return { ...now, events: all }
    })
  }

  private readonly reading = Effect.suspend(() => {
    const { baseUrl, token } = this.session
    const past: Stream.Stream<Event, ApiError | StreamLost> = follow({
      baseUrl,
      ...(token === undefined ? {} : { token }),
      after: 0,
      migration: this.id,
      follow: false
    }).pipe(Stream.provideLayer(FetchHttpClient.layer))
    return Stream.runCollect(past).pipe(
      Effect.mapError(this.session.problem),
      Effect.either,
      Effect.map((read) => {
        if (Either.isRight(read)) this.add(Chunk.toReadonlyArray(read.right))
        const problem = Either.isLeft(read) ? read.left : undefined
        this.store.update((now) => ({ ...now, isReading: false, problem }))
      })
    )
  })
}

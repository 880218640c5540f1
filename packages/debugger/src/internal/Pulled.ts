/** The items of a stream one by one, page by page: for readers of several streams in step. */
import type { ReadError } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Option, Stream } from "effect"
import type { Scope } from "effect"

export class Pulled<A> {
  private readonly pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<ReadError>>
  private page: ReadonlyArray<A> = []
  private at = 0
  private ended = false

  constructor(pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<ReadError>>) {
    this.pull = pull
  }

  /** The next item, which stays the next one; undefined at the end. Done at once while a page lasts. */
  readonly peek = (): Effect.Effect<A | undefined, ReadError> =>
    this.at < this.page.length || this.ended
      ? Either.right(this.page[this.at])
      : Effect.flatMap(this.fetch, () => this.peek())

  /** The next item; undefined at the end. */
  readonly next = (): Effect.Effect<A | undefined, ReadError> => {
    if (this.at < this.page.length || this.ended) return Either.right(this.page[this.at++])
    return Effect.flatMap(this.fetch, () => this.next())
  }

  private readonly fetch: Effect.Effect<void, ReadError> = Effect.suspend(() =>
    Effect.matchEffect(this.pull, {
      onSuccess: (page) =>
        Effect.sync(() => {
          this.page = Chunk.toReadonlyArray(page)
          this.at = 0
        }),
      onFailure: Option.match({
        onNone: () => Effect.sync(() => void (this.ended = true)),
        onSome: (error) => Effect.fail(error)
      })
    })
  )
}

/** The items of `stream`, which is closed with the scope. */
export const pulled = <A>(stream: Stream.Stream<A, ReadError>): Effect.Effect<Pulled<A>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(stream), (pull) => new Pulled(pull))

/** The items of a stream one by one, page by page: for readers of several streams in step. */
import type { ReadError } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Option, Stream } from "effect"
import type { Scope } from "effect"

/** Asks a stream for its next page, as `Stream.toPull` gives it. */
export type Pull<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<ReadError>>

/** The next page; undefined at the end. */
export const nextPage = <A>(pull: Pull<A>): Effect.Effect<ReadonlyArray<A> | undefined, ReadError> =>
  Effect.matchEffect(pull, {
    onSuccess: (page) => Effect.succeed(Chunk.toReadonlyArray(page)),
    onFailure: Option.match({ onNone: () => Effect.succeed(undefined), onSome: (error) => Effect.fail(error) })
  })

export class Pulled<A> {
  private readonly pull: Pull<A>
  private page: ReadonlyArray<A> = []
  private at = 0
  private ended = false

  constructor(pull: Pull<A>) {
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
    Effect.map(nextPage(this.pull), (page) => {
      this.page = page ?? []
      this.at = 0
      this.ended = page === undefined
    })
  )
}

/** The items of `stream`, which is closed with the scope. */
export const pulled = <A>(stream: Stream.Stream<A, ReadError>): Effect.Effect<Pulled<A>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(stream), (pull) => new Pulled(pull))

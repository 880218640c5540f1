/**
 * Something that is read from the coordinator, and read again when events say that it has changed: at once when nothing was read for a while, and in a
 * burst of events a few times a second. It is read only while somebody watches it.
 */
import { Effect, Either, Fiber } from "effect"
import type { Problem } from "../session/Problem.ts"
import { type Readable, Store } from "../store/Store.ts"
import { whileWatched } from "../store/whileWatched.ts"

/** `problem` beside a value: the value is as it was, and could not be read again. */
export type Loaded<A> =
  | { readonly _tag: "Loading" }
  | { readonly _tag: "Failed"; readonly problem: Problem }
  | { readonly _tag: "Ready"; readonly value: A; readonly problem: Problem | undefined }

/** Between two readings, in a burst of changes. */
const pause = "250 millis"

export class Resource<A> implements Readable<Loaded<A>> {
  private readonly store = new Store<Loaded<A>>({ _tag: "Loading" })
  private readonly due = Effect.unsafeMakeLatch(true)
  private readonly read: Effect.Effect<A, Problem>

  constructor(read: Effect.Effect<A, Problem>) {
    this.read = read
  }

  readonly get = (): Loaded<A> => this.store.get()

  readonly subscribe = whileWatched(this.store, () => {
    const fiber = Effect.runFork(this.reading)
    return () => {
      Effect.runFork(Fiber.interrupt(fiber))
      // It may change unseen from now on: the next who comes reads it anew.
      this.due.unsafeOpen()
    }
  })

  get isWatched(): boolean {
    return this.store.isWatched
  }

  /** It has changed. */
  invalidate(): void {
    this.due.unsafeOpen()
  }

  /** It is known how it has changed: nothing has to be read. Nothing happens before the first reading. */
  change(changed: (value: A) => A): void {
    this.store.update((now) => (now._tag === "Ready" ? { ...now, value: changed(now.value) } : now))
  }

  private took(read: Either.Either<A, Problem>): void {
    this.store.update((now): Loaded<A> => {
      if (Either.isRight(read)) return { _tag: "Ready", value: read.right, problem: undefined }
      return now._tag === "Ready" ? { ...now, problem: read.left } : { _tag: "Failed", problem: read.left }
    })
  }

  private readonly reading = Effect.suspend(() =>
    this.due.await.pipe(
      Effect.tap(() => void this.due.unsafeClose()),
      Effect.zipRight(Effect.either(this.read)),
      Effect.tap((read) => Effect.sync(() => this.took(read))),
      Effect.zipRight(Effect.sleep(pause))
    )
  ).pipe(Effect.forever)
}

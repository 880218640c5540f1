/**
 * Something that is read from the coordinator, and read again when events say that it has changed: at once when nothing was read for a while, and in a
 * burst of events a few times a second. It is read only while somebody watches it.
 */
import { Effect, Either, Fiber } from "effect"
import type { Problem } from "../session/Problem.ts"
import { type Readable, Store } from "../store/Store.ts"

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
  private watchers = 0
  private fiber: Fiber.RuntimeFiber<void> | undefined

  constructor(read: Effect.Effect<A, Problem>) {
    this.read = read
  }

  readonly get = (): Loaded<A> => this.store.get()

  readonly subscribe = (listener: () => void): (() => void) => {
    const unsubscribe = this.store.subscribe(listener)
    this.watchers += 1
    if (this.watchers === 1) this.fiber = Effect.runFork(this.reading)
    return () => {
      unsubscribe()
      this.watchers -= 1
      if (this.watchers === 0) this.leave()
    }
  }

  /** It has changed. */
  invalidate(): void {
    this.due.unsafeOpen()
  }

  /** It is known how it has changed: nothing has to be read. Nothing happens before the first reading. */
  change(changed: (value: A) => A): void {
    this.store.update((now) => (now._tag === "Ready" ? { ...now, value: changed(now.value) } : now))
  }

  /** Nobody watches any more: it may change unseen, so that the next who comes reads it anew. */
  private leave(): void {
    if (this.fiber !== undefined) Effect.runFork(Fiber.interrupt(this.fiber))
    this.fiber = undefined
    this.due.unsafeOpen()
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

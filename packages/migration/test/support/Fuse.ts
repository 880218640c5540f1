/** The end of a process at one of its events: what it appends is counted, and at the chosen one it ends, before or after the event is kept. */
import { type Journal, JournalUnavailable } from "@stopcopy/runtime"
import { type Context, Effect, Either } from "effect"

export type When = "before" | "after"

/** Ends a process at event `at`, counted from 1; never without one. */
export class Fuse {
  private at: number | undefined
  private when: When
  /** Events so far. */
  count = 0
  blown = false
  private readonly latch = Effect.unsafeMakeLatch(false)
  /** Ends when the process does: who waits for an answer of it gets none. */
  readonly ended: Effect.Effect<void> = this.latch.await
  /** Told of each event, with its number. */
  onEvent: (count: number) => void = () => undefined

  constructor(at?: number, when: When = "before") {
    this.at = at
    this.when = when
  }

  /** Counts from here, in a process that works. */
  arm(at: number | undefined, when: When): void {
    this.blown = false
    this.at = at
    this.when = when
    this.count = 0
  }

  get isArmed(): boolean {
    return this.at !== undefined
  }

  /** Does what one event stands for, unless the process has ended. */
  through<A>(act: () => A, dead: () => A): A {
    if (this.blown) return dead()
    this.onEvent(++this.count)
    if (this.count !== this.at) return act()
    this.blown = true
    this.latch.unsafeOpen()
    if (this.when === "after") act()
    return dead()
  }
}

const gone = () => Either.left(new JournalUnavailable({ journal: "memory", reason: "the process has ended" }))

/** The journal as a process sees it that ends with the fuse. */
export const fused = (journal: Context.Tag.Service<Journal>, fuse: Fuse): Context.Tag.Service<Journal> => ({
  ...journal,
  append: (request) => fuse.through<ReturnType<typeof journal.append>>(() => journal.append(request), gone),
  commitNow: (request) => fuse.through<ReturnType<typeof journal.commitNow>>(() => journal.commitNow(request), gone),
  commitTogether: (requests) =>
    fuse.through<ReturnType<typeof journal.commitTogether>>(() => journal.commitTogether(requests), gone),
  submit: (request, done) =>
    fuse.through(
      () =>
        journal.submit(request, (outcome) => {
          if (!fuse.blown) done(outcome)
        }),
      () => done(gone())
    )
})

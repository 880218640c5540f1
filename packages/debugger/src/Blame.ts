/** Which event last set a field of an actor's state, and every event that set it before. */
import { NoSuchStream, UnknownBehavior } from "@stopcopy/runtime"
import type { DecodeError, Envelope, ReadError, Replay } from "@stopcopy/runtime"
import { Effect } from "effect"
import { NoSuchField } from "./DebuggerError.ts"
import { ActorFold } from "./internal/ActorFold.ts"
import { FieldFold } from "./internal/FieldFold.ts"
import type { Known } from "./Known.ts"
import { momentOf } from "./Moment.ts"
import type { Moment } from "./Moment.ts"
import { lastThere } from "./Path.ts"
import type { Source } from "./Source.ts"
import { identities } from "./States.ts"

/** One event that changed the field. `undefined`: the field was not there. */
export interface Setting {
  readonly moment: Moment
  readonly old: unknown
  readonly new: unknown
}

export interface Blame {
  readonly stream: string
  readonly behavior: string
  readonly field: string
  /** The value before the first event that sets it here. */
  readonly first: unknown
  /** Oldest first. Empty: no event that is kept set it. */
  readonly history: ReadonlyArray<Setting>
  /** The event that last set it. */
  readonly last: Setting | undefined
}

const behaviorOf = Effect.fnUntraced(function* (
  { registry }: Known,
  source: Source,
  stream: string
): Effect.fn.Return<Replay.Replayable, ReadError | UnknownBehavior | NoSuchStream> {
  const found = identities(yield* source.journal.streams(stream)).find((each) => each.stream === stream)
  if (found === undefined) return yield* new NoSuchStream({ journal: source.journal.name, stream })
  const { behavior } = found
  return registry.get(behavior) ?? (yield* new UnknownBehavior({ sequence: 0, stream, behavior }))
})

/** The history of one field while the actor's events go by. */
class FieldHistory {
  readonly history: Array<Setting> = []
  readonly fold: ActorFold
  readonly field: FieldFold
  readonly first: unknown
  private readonly momentAt: (envelope: Envelope) => Moment

  constructor(fold: ActorFold, field: string, momentAt: (envelope: Envelope) => Moment) {
    this.fold = fold
    this.field = new FieldFold(fold.replaying, field)
    this.first = this.field.value
    this.momentAt = momentAt
  }

  take(envelope: Envelope): void {
    this.fold.take(envelope)
    if (this.fold.blind !== undefined) return
    const old = this.field.value
    if (this.field.look()) this.history.push({ moment: this.momentAt(envelope), old, new: this.field.value })
  }
}

/** Takes in what the actor recorded up to event `upTo`. */
const readInto = Effect.fnUntraced(function* (
  source: Source,
  history: FieldHistory,
  upTo: number
): Effect.fn.Return<void, ReadError> {
  const cursor = yield* source.journal.history(history.fold.stream)
  for (;;) {
    const page = yield* cursor.next()
    for (const envelope of page) {
      if (envelope.sequence > upTo) return
      history.take(envelope)
    }
    if (page.length === 0) return
  }
})

/**
 * `field` is written as `formatPath` does: `files.0.position`. `upTo`: only events up to this sequence. A base event counts
 * as what set a field where the events before it are not kept. Fails if the state at the end is not known.
 */
export const blame = Effect.fn("Debugger.blame")(function* (
  known: Known,
  source: Source,
  stream: string,
  field: string,
  upTo: number = Number.MAX_SAFE_INTEGER
): Effect.fn.Return<Blame, ReadError | DecodeError | UnknownBehavior | NoSuchStream | NoSuchField> {
  const behavior = yield* behaviorOf(known, source, stream)
  const fold = new ActorFold(stream, behavior)
  const found = new FieldHistory(fold, field, (envelope) => momentOf(known, source, envelope))
  yield* readInto(source, found, upTo)
  if (fold.blind !== undefined) return yield* fold.blind
  if (!found.field.wasThere) {
    return yield* new NoSuchField({ stream, field, ...lastThere(found.field.whole(), field) })
  }
  const { first, history } = found
  return { stream, behavior: behavior.name, field, first, history, last: history.at(-1) }
})

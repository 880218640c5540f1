/** An actor from its journal: from its latest snapshot or base event on, or from its first event. */
import { Either } from "effect"
import type { Context, Effect } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"
import type { Cursor } from "./Cursor.ts"
import { encodings } from "./Envelope.ts"
import type { Recorded } from "./Envelope.ts"
import { stateAfterBase, stateInSnapshot } from "./Fold.ts"
import { beginning } from "./History.ts"
import type { Journal } from "./Journal.ts"
import type { DecodeError, ReadError } from "./JournalError.ts"
import { flatMapNow, isNow } from "./Now.ts"
import { Standing } from "./Standing.ts"

/** What is read, and by which rules. */
interface Source<State, Command, Event extends Tagged, Answer, Refused> {
  readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  readonly codec: Codec<State, Command, Event>
  readonly journal: Context.Tag.Service<Journal>
}

/** Applies one recorded event of the actor whose own stream is `own`. */
const apply = <State, Command, Event extends Tagged, Answer, Refused>(
  { behavior, codec }: Source<State, Command, Event, Answer, Refused>,
  own: string,
  standing: Standing<State>,
  envelope: Recorded
): Either.Either<void, DecodeError> => {
  if (envelope.encoding === encodings.base) {
    return Either.map(stateAfterBase(codec, own, standing.ahead, envelope), (state) => {
      standing.ahead = state
      standing.restartCount()
    })
  }
  const event = codec.decode(envelope)
  if (Either.isLeft(event)) return Either.left(event.left)
  standing.ahead = behavior.evolve(standing.ahead, event.right)
  return Either.void
}

const applyPage = <State, Command, Event extends Tagged, Answer, Refused>(
  source: Source<State, Command, Event, Answer, Refused>,
  own: string,
  standing: Standing<State>,
  page: ReadonlyArray<Recorded>
): Either.Either<boolean, DecodeError> => {
  for (const envelope of page) {
    const { payload, sequence, stream, version } = envelope
    standing.read(own, stream, version, sequence, payload === null ? 0 : payload.length)
    const applied = apply(source, own, standing, envelope)
    if (Either.isLeft(applied)) return Either.left(applied.left)
  }
  return Either.right(page.length > 0)
}

/** Folds what the cursor gives until it gives nothing. */
const fold = (
  cursor: Cursor<Recorded>,
  take: (page: ReadonlyArray<Recorded>) => Either.Either<boolean, DecodeError>
): Effect.Effect<void, ReadError | DecodeError> => {
  for (;;) {
    const more = flatMapNow(cursor.next(), take)
    if (!isNow(more)) return flatMapNow(more, (some) => (some ? fold(cursor, take) : Either.void))
    if (Either.isLeft(more)) return Either.left(more.left)
    if (!more.right) return Either.void
  }
}

/** Where the actor of `stream` stands by its journal. Answers at once over a synchronous journal. */
export const restore = <State, Command, Event extends Tagged, Answer, Refused>(
  source: Source<State, Command, Event, Answer, Refused>,
  stream: string
): Effect.Effect<Standing<State>, ReadError | DecodeError> => {
  const { behavior, codec, journal } = source
  const standing = new Standing(behavior.initial)
  const start = beginning(journal, stream, Number.MAX_SAFE_INTEGER, (snapshot) => {
    const loaded = stateInSnapshot(behavior, codec, snapshot)
    if (Either.isRight(loaded)) standing.ahead = loaded.right
    return Either.isRight(loaded)
  })
  return flatMapNow(start, ({ after, sequence }) => {
    standing.sequence = sequence
    for (const [name, version] of after) standing.begin(stream, name, version)
    return flatMapNow(journal.toFold(stream, after), (cursor) =>
      flatMapNow(
        fold(cursor, (page) => applyPage(source, stream, standing, page)),
        () => {
          standing.settle()
          return Either.right(standing)
        }
      )
    )
  })
}

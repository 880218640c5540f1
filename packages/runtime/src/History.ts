/**
 * Where folding an actor begins: at its latest snapshot, at its latest base event, or at its first event, whichever comes last and can be
 * used.
 */
import type { Context, Effect } from "effect"
import { Either } from "effect"
import type { Journal } from "./Journal.ts"
import type { Snapshot } from "./JournalDriver.ts"
import type { ReadError } from "./JournalError.ts"
import { flatMapNow, mapNow } from "./Now.ts"

/** A place in an actor's history. */
interface Beginning {
  /** Sequence of the actor's last event that is in the loaded state; 0: none is loaded. */
  readonly sequence: number
  /** Versions of the actor's streams after which to read. */
  readonly after: ReadonlyMap<string, number>
}

type Source = Pick<Context.Tag.Service<Journal>, "lastBase" | "snapshot" | "streams">

/** One before the base event of each stream of the family: the fold then begins with base events. */
const beforeBases = (journal: Source, stream: string, upTo: number): Effect.Effect<Map<string, number>, ReadError> =>
  flatMapNow(journal.streams(stream), (streams) =>
    streams.reduce<Effect.Effect<Map<string, number>, ReadError>>(
      (all, info) =>
        flatMapNow(all, (after) =>
          mapNow(journal.lastBase(info.stream, upTo), (base) =>
            base === undefined ? after : after.set(info.stream, base.version - 1)
          )
        ),
      Either.right(new Map<string, number>())
    )
  )

/**
 * Where to begin in order to fold the actor of `stream` up to sequence `upTo`. `load` takes a snapshot in, or says that it cannot
 * use it. Answers at once over a synchronous journal.
 */
export const beginning = (
  journal: Source,
  stream: string,
  upTo: number,
  load: (snapshot: Snapshot) => boolean
): Effect.Effect<Beginning, ReadError> =>
  flatMapNow(journal.lastBase(stream, upTo), (base) =>
    flatMapNow(journal.snapshot(stream, upTo), (snapshot): Effect.Effect<Beginning, ReadError> => {
      if (snapshot !== undefined && snapshot.sequence >= (base?.sequence ?? 0) && load(snapshot)) {
        return Either.right({ sequence: snapshot.sequence, after: new Map(snapshot.versions) })
      }
      if (base === undefined) return Either.right({ sequence: 0, after: new Map() })
      // The actor's own is the last of its batch: one of a stream it owns that comes later is of a batch that is not whole yet.
      return mapNow(beforeBases(journal, stream, base.sequence), (after) => ({ sequence: 0, after }))
    })
  )

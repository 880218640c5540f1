/** The versions that a fold has come to: what it applies next must follow, or be a base event. */
import { Either } from "effect"
import { encodings } from "./Envelope.ts"
import type { Recorded } from "./Envelope.ts"
import { UndecodableEvent } from "./JournalError.ts"
import type { DecodeError } from "./JournalError.ts"

export class Followed {
  private readonly versions: Map<string, number>

  /** A fold that begins behind these versions of its streams. */
  constructor(after: ReadonlyMap<string, number>) {
    this.versions = new Map(after)
  }

  /** Takes the next event in. Fails where events before it are not kept: no state follows from what is. */
  take(envelope: Recorded): Either.Either<void, DecodeError> {
    const follows = envelope.encoding === encodings.base ? Either.void : this.follows(envelope)
    this.versions.set(envelope.stream, envelope.version)
    return follows
  }

  /** Fails unless events still to come follow those taken: the state at a moment between them is not known where some are not kept. */
  leadsTo(later: ReadonlyArray<Recorded>): Either.Either<void, DecodeError> {
    const seen = new Set<string>()
    for (const envelope of later) {
      const follows = seen.has(envelope.stream) ? Either.void : this.follows(envelope)
      if (Either.isLeft(follows)) return follows
      seen.add(envelope.stream)
    }
    return Either.void
  }

  /** Fails where events before this one are not kept (compaction, a part of a journal). */
  private follows({ sequence, stream, type, version }: Recorded): Either.Either<void, DecodeError> {
    const expected = (this.versions.get(stream) ?? 0) + 1
    if (version === expected) return Either.void
    const reason = `what is before it is not kept here: versions ${expected} to ${version - 1} of its stream`
    return Either.left(new UndecodableEvent({ sequence, stream, type, reason }))
  }
}

/**
 * The state of one actor while its events go by. It loses sight where the state cannot follow from what is kept (an event that is
 * redacted, missing or cannot be read), and has it again from the next base event on.
 */
import { UndecodableEvent, encodings } from "@stopcopy/runtime"
import type { DecodeError, Envelope, Replay } from "@stopcopy/runtime"
import { Either } from "effect"

export class ActorFold {
  readonly stream: string
  readonly replaying: Replay.Replaying
  readonly versions = new Map<string, number>()
  /** Sequence of the last event; 0 before the first. */
  last = 0
  /** Version of the behavior that wrote that event. */
  lastSchemaVersion = 0
  /** Why the state is not known now. */
  blind: DecodeError | undefined
  /** After a base event, streams may go on at any version: it stands for what was before. */
  private based = false

  constructor(stream: string, replayable: Pick<Replay.Replayable, "start">) {
    this.stream = stream
    this.replaying = replayable.start(stream)
  }

  /** Another fold that goes on from here; this one stays as it is. */
  fork(): ActorFold {
    const forked = new ActorFold(this.stream, { start: () => this.replaying.fork() })
    for (const [stream, version] of this.versions) forked.versions.set(stream, version)
    forked.last = this.last
    forked.lastSchemaVersion = this.lastSchemaVersion
    forked.blind = this.blind
    forked.based = this.based
    return forked
  }

  /** True if the event is the base event of this actor: the state that stands for everything before it. */
  isOwnBase({ encoding, stream }: Envelope): boolean {
    return encoding === encodings.base && stream === this.stream
  }

  /** True if the event follows the one before it in its stream. */
  follows({ stream, version }: Envelope): boolean {
    const known = this.versions.get(stream)
    return known === undefined ? this.based || version === 1 : version === known + 1
  }

  /** The first stream of which `others` has another version; undefined if they agree. */
  otherVersion(others: ReadonlyMap<string, number>): string | undefined {
    const missing = [...this.versions].find(([name, version]) => others.get(name) !== version)?.[0]
    // An own stream without events stands there as 0. Behind a base event, streams that were not written since are not known here.
    const added = [...others].find(([name, version]) => version > 0 && !this.versions.has(name) && !this.based)?.[0]
    return missing ?? added
  }

  /** Takes the next event in; `verified`: its hash chain was. Fails with why it could not be applied, once: then the fold is blind. */
  take(envelope: Envelope, verified = false): Either.Either<void, DecodeError> {
    const { encoding, sequence, stream, type, version } = envelope
    const gap = encoding !== encodings.base && !this.follows(envelope)
    this.versions.set(stream, version)
    this.last = sequence
    this.lastSchemaVersion = envelope.schemaVersion
    if (this.isOwnBase(envelope)) this.see(stream, version)
    if (this.blind !== undefined) return Either.void
    const reason = `events of its stream before version ${version} are not kept here`
    const applied = gap
      ? Either.left(new UndecodableEvent({ sequence, stream, type, reason }))
      : this.replaying.apply(envelope, verified)
    if (Either.isLeft(applied)) this.blind = applied.left
    return applied
  }

  private see(stream: string, version: number): void {
    this.blind = undefined
    this.based = true
    this.versions.clear()
    this.versions.set(stream, version)
  }
}

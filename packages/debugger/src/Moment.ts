/** One event of a timeline, decoded as far as its behavior is known, and raw where it is not: nothing stored stops a timeline. */
import { UnknownBehavior, encodings } from "@stopcopy/runtime"
import type { DecodeError, Envelope, Replay } from "@stopcopy/runtime"
import { Either, Encoding } from "effect"
import { failureOf } from "./Failures.ts"
import type { Failure } from "./Failures.ts"
import { parsedJson } from "./Json.ts"
import type { Known } from "./Known.ts"
import type { Source } from "./Source.ts"

export interface Moment {
  readonly source: Source
  readonly envelope: Envelope
  /** The decoded event; the reason where it cannot be decoded. */
  readonly event: Either.Either<Replay.Decoded, DecodeError | UnknownBehavior>
  /** JSON text of the event by its schema; what is stored (`rawText`), or what a bundle shows of a redacted one, where it cannot be decoded. */
  readonly json: string
  /** What failed, if this event is a failure. */
  readonly failure: Failure | undefined
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** What is stored of an event: its text, bytes in hexadecimal, or nothing where it was redacted. Total. */
export const rawText = ({ encoding, payload }: Pick<Envelope, "encoding" | "payload">): string => {
  if (payload === null) return ""
  const isText = encoding === encodings.json || encoding === encodings.base
  const text = isText ? Either.try(() => utf8.decode(payload)) : Either.left(undefined)
  return Either.getOrElse(text, () => Encoding.encodeHex(payload))
}

/** A moment that is decoded when somebody looks at it: most are passed over by a filter. */
class LazyMoment implements Moment {
  readonly source: Source
  readonly envelope: Envelope
  private readonly known: Known
  private read: Moment["event"] | undefined
  private text: string | undefined
  private judged: { readonly failure: Failure | undefined } | undefined

  constructor(known: Known, source: Source, envelope: Envelope) {
    this.source = source
    this.envelope = envelope
    this.known = known
  }

  get event(): Moment["event"] {
    return (this.read ??= decoded(this.known, this.envelope))
  }

  get json(): string {
    return (this.text ??= Either.isRight(this.event) ? this.event.right.json : this.stored())
  }

  private stored(): string {
    const { payload, sequence } = this.envelope
    return (payload === null ? this.source.redactedView?.(sequence) : undefined) ?? rawText(this.envelope)
  }

  get failure(): Failure | undefined {
    const rule = this.known.failures?.get(this.envelope.behavior) ?? failureOf
    this.judged ??= { failure: rule(this.envelope.type, parsedJson(this.json)) }
    return this.judged.failure
  }
}

const decoded = ({ registry }: Known, envelope: Envelope): Moment["event"] => {
  const { behavior, sequence, stream } = envelope
  const found = registry.get(behavior)
  return found === undefined ? Either.left(new UnknownBehavior({ sequence, stream, behavior })) : found.decode(envelope)
}

/** The moment of an event. Total. */
export const momentOf = (known: Known, source: Source, envelope: Envelope): Moment =>
  new LazyMoment(known, source, envelope)

/** Reads the unpacked text of a bundle chunk by chunk, and holds each line against the format. Pure but for what it has read. */
import { sha256 } from "@noble/hashes/sha2.js"
import { Either, ParseResult, Schema } from "effect"
import { BundleDamaged, BundleTooLarge, NewerBundle, NotABundle } from "./BundleError.ts"
import type { OpenBundleError } from "./BundleError.ts"
import { toHex, toText } from "./Content.ts"
import { BodyLine, EndLine, formatName, formatVersion, Header, Signature } from "./Format.ts"
import type { BatchLine, StartLine } from "./Format.ts"

/** A line of the body with its number, counted from 1. */
export interface Numbered<Line> {
  readonly number: number
  readonly line: Line
}

/** What stands in a bundle. `intact` is false where the lines are not those that the last one was made for. */
export interface BundleText {
  readonly header: Header
  readonly batches: ReadonlyArray<Numbered<BatchLine>>
  readonly starts: ReadonlyArray<Numbered<StartLine>>
  /** Lines, the header and the end included. */
  readonly lines: number
  readonly intact: boolean
}

const lineFeed = 10

/** What every bundle's text begins with. */
const opening = `{"format":"${formatName}"`

const parse = (text: string): Either.Either<unknown, string> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => "it is not JSON" })

/** The first thing that is wrong, by the name of its field. A line as a whole is not held up to its schema, which is long. */
const reasonOf = (error: ParseResult.ParseError): string => {
  const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
  if (first === undefined || first.path.length === 0) return "it is not a line of a bundle"
  return `${first.path.map(String).join(".")}: ${first.message.replaceAll(/\s+/g, " ")}`.slice(0, 200)
}

const decoding = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (text: string): Either.Either<A, string> =>
    Either.flatMap(parse(text), (json) => Either.mapLeft(decode(json), reasonOf))
}

const signatureOf = decoding(Signature)
const headerOf = decoding(Header)
const bodyOf = decoding(BodyLine)
const endOf = decoding(EndLine)

export class BundleReader {
  private readonly name: string
  private readonly limit: number
  private readonly digest = sha256.create()
  private readonly batches: Array<Numbered<BatchLine>> = []
  private readonly starts: Array<Numbered<StartLine>> = []
  private header: Header | undefined
  /** The line read last: it may be the last one of all, which is no part of the digest. */
  private pending: Uint8Array | undefined
  private rest: Array<Uint8Array> = []
  private lines = 0
  private size = 0

  /** `limit` in bytes of unpacked text. */
  constructor(name: string, limit: number) {
    this.name = name
    this.limit = limit
  }

  /** Takes the next chunk in. */
  readonly read = (chunk: Uint8Array): Either.Either<void, OpenBundleError> => {
    this.size += chunk.byteLength
    if (this.size > this.limit) return Either.left(new BundleTooLarge({ bundle: this.name, limit: this.limit }))
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      const taken = this.take(joined([...this.rest, chunk.subarray(start, end + 1)]))
      if (Either.isLeft(taken)) return taken
      this.rest = []
      start = end + 1
    }
    if (start < chunk.byteLength) this.rest.push(chunk.slice(start))
    return Either.void
  }

  /** The error for bytes that cannot be unpacked any further. */
  readonly broken = (reason: string): OpenBundleError => {
    const said = `it cannot be unpacked (${reason})`
    if (this.pending === undefined) return new NotABundle({ bundle: this.name, reason: said })
    const first = this.header === undefined ? this.line(this.pending) : Either.void
    return Either.isLeft(first) ? first.left : this.damaged(this.lines + 1, said)
  }

  /** What was read, once there is no more. */
  readonly finish = (): Either.Either<BundleText, OpenBundleError> => {
    if (this.pending === undefined) {
      return Either.left(new NotABundle({ bundle: this.name, reason: "it has no lines" }))
    }
    if (this.rest.length > 0) return Either.left(this.damaged(this.lines + 1, "the line does not end"))
    if (this.header === undefined) {
      const first = this.line(this.pending)
      return Either.left(Either.isLeft(first) ? first.left : this.damaged(2, "the last line is missing"))
    }
    return this.ended(this.pending, this.header)
  }

  private ended(bytes: Uint8Array, header: Header): Either.Either<BundleText, OpenBundleError> {
    const { batches, lines, starts } = this
    const end = Either.flatMap(textOf(bytes), endOf)
    if (Either.isLeft(end)) {
      return Either.left(this.damaged(lines, "the bundle is cut off, nothing follows this line"))
    }
    const { right } = end
    const intact =
      right.lines === lines - 1 &&
      right.batches === batches.length &&
      right.starts === starts.length &&
      right.sha256 === toHex(this.digest.digest())
    return Either.right({ header, batches, starts, lines, intact })
  }

  private take(line: Uint8Array): Either.Either<void, OpenBundleError> {
    const before = this.pending
    this.pending = line
    const done = before === undefined ? Either.void : this.line(before)
    this.lines++
    return done
  }

  /** A line that is not the last one. `lines` is its number. */
  private line(bytes: Uint8Array): Either.Either<void, OpenBundleError> {
    this.digest.update(bytes)
    const text = textOf(bytes)
    if (this.header === undefined) return this.first(text)
    return Either.mapBoth(Either.flatMap(text, bodyOf), {
      onLeft: (reason) => this.damaged(this.lines, reason),
      onRight: (line) => {
        if (line.line === "batch") this.batches.push({ number: this.lines, line })
        else this.starts.push({ number: this.lines, line })
      }
    })
  }

  private first(text: Either.Either<string, string>): Either.Either<void, OpenBundleError> {
    const signature = Either.flatMap(text, signatureOf)
    if (Either.isLeft(signature)) {
      const begins = Either.isRight(text) && text.right.startsWith(opening)
      if (begins) return Either.left(this.damaged(1, signature.left))
      return Either.left(new NotABundle({ bundle: this.name, reason: "its first line is not the header of one" }))
    }
    const { version } = signature.right
    if (version > formatVersion) {
      return Either.left(new NewerBundle({ bundle: this.name, version, supported: formatVersion }))
    }
    return Either.mapBoth(Either.flatMap(text, headerOf), {
      onLeft: (reason) => this.damaged(1, reason),
      onRight: (header) => void (this.header = header)
    })
  }

  private damaged(line: number, difference: string): BundleDamaged {
    return new BundleDamaged({ bundle: this.name, line, difference })
  }
}

const textOf = (bytes: Uint8Array): Either.Either<string, string> => {
  const text = toText(bytes)
  return text === undefined ? Either.left("it is not UTF-8 text") : Either.right(text)
}

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

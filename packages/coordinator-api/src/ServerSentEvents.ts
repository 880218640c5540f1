/**
 * Server-sent events: text to messages, piece by piece as it arrives. Source: "Server-sent events" of the HTML standard. Lines end with LF, CRLF or CR;
 * a message ends with an empty line; what begins with a colon is a comment.
 */
import { Either } from "effect"

/** Characters of one message, at most: more is no stream of this API. */
export const messageLimit = 4 * 1024 * 1024

export interface Message {
  readonly event: string
  readonly data: string
  /** The last id that was sent, this message's or one before it; empty before the first. */
  readonly id: string
}

/** Reads one stream. A piece may end anywhere, also within a line. */
export class MessageReader {
  private rest = ""
  private data: Array<string> = []
  private size = 0
  private event = ""
  private id = ""

  /** The messages that this piece completes; Left: the stream is none that can be read. */
  read(piece: string): Either.Either<ReadonlyArray<Message>, string> {
    const text = this.rest + piece
    // A CR at the very end may be the first half of a CRLF.
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text
    const lines = whole.split(/\r\n|\n|\r/)
    this.rest = (lines.pop() ?? "") + text.slice(whole.length)
    const messages = lines.flatMap((line) => this.line(line))
    return this.size + this.rest.length > messageLimit
      ? Either.left(`a message has more than ${messageLimit} characters`)
      : Either.right(messages)
  }

  private line(line: string): ReadonlyArray<Message> {
    if (line === "") return this.complete()
    const colon = line.indexOf(":")
    const [field, after] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)]
    const value = after.startsWith(" ") ? after.slice(1) : after
    if (field === "data") {
      this.data.push(value)
      this.size += value.length
    }
    if (field === "event") this.event = value
    if (field === "id" && !value.includes("\0")) this.id = value
    return []
  }

  private complete(): ReadonlyArray<Message> {
    const { data, event, id } = this
    this.data = []
    this.size = 0
    this.event = ""
    return data.length === 0 ? [] : [{ event: event === "" ? "message" : event, data: data.join("\n"), id }]
  }
}

/** The body of a request, read up to a limit. */
import type { HttpServerError, HttpServerRequest } from "@effect/platform"
import { Data, Effect, Stream } from "effect"

/** The body has more bytes than the server reads. */
export class BodyTooLong extends Data.TaggedError("BodyTooLong")<{ readonly limit: number }> {
  override get message(): string {
    return `the body has more than ${this.limit} bytes; send the data in smaller chunks`
  }
}

/** The whole body. What is past the limit is read but not kept, so that the sender hears why; past twice the limit it is not read. */
export const bodyOf = (
  request: HttpServerRequest.HttpServerRequest,
  limit: number
): Effect.Effect<Uint8Array, BodyTooLong | HttpServerError.RequestError> => {
  const tooLong = Effect.fail(new BodyTooLong({ limit }))
  if (Number(request.headers["content-length"] ?? 0) > limit) return tooLong
  const parts: Array<Uint8Array> = []
  let length = 0
  const taken = Stream.runForEach(request.stream, (part) => {
    length += part.length
    if (length <= limit) parts.push(part)
    return length > 2 * limit ? tooLong : Effect.void
  })
  return Effect.flatMap(taken, () => (length > limit ? tooLong : Effect.succeed(Buffer.concat(parts))))
}

/** The body of a request, read up to a limit. */
import type { HttpServerError, HttpServerRequest } from "@effect/platform"
import { Data, Effect, Stream } from "effect"

/** The body has more bytes than the server reads. */
export class BodyTooLong extends Data.TaggedError("BodyTooLong")<{ readonly limit: number }> {
  override get message(): string {
    return `the body has more than ${this.limit} bytes; send the data in smaller chunks`
  }
}

/** The whole body. Reads no further once the limit is passed. */
export const bodyOf = (
  request: HttpServerRequest.HttpServerRequest,
  limit: number
): Effect.Effect<Uint8Array, BodyTooLong | HttpServerError.RequestError> => {
  if (Number(request.headers["content-length"] ?? 0) > limit) return Effect.fail(new BodyTooLong({ limit }))
  const parts: Array<Uint8Array> = []
  let length = 0
  const taken = Stream.runForEach(request.stream, (part) => {
    length += part.length
    parts.push(part)
    return length > limit ? Effect.fail(new BodyTooLong({ limit })) : Effect.void
  })
  return Effect.map(taken, () => Buffer.concat(parts))
}

/** Beginning something once: the request has an idempotency key, and goes out again while nobody answers. */
import { idempotencyHeader, type IdempotencyHeaders } from "@stopcopy/coordinator-api"
import { Effect, Option, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { oneLine, Unanswered } from "../Outcome.ts"
import { Coordinator } from "./Coordinator.ts"
import { type CallError, explain } from "./Explain.ts"

/** How often it goes out again, and when. */
const again = Schedule.intersect(Schedule.spaced("500 millis"), Schedule.recurs(4))

const isUnanswered = (error: CallError): boolean => error._tag === "RequestError"

/** `list` shows whether it was begun after all. */
export const begin = <A>(
  key: Option.Option<string>,
  request: (headers: typeof IdempotencyHeaders.Type) => Effect.Effect<A, CallError>,
  list: string
): Effect.Effect<A, CallError | Unanswered, Coordinator> =>
  Effect.gen(function* () {
    const { baseUrl } = yield* Coordinator
    const chosen = Option.getOrElse(key, () => randomUUID())
    return yield* Effect.retry(request({ [idempotencyHeader]: chosen }), { schedule: again, while: isUnanswered }).pipe(
      Effect.mapError((error) => {
        if (!isUnanswered(error)) return error
        const { message } = explain(baseUrl, error)
        const unknown = `whether it was begun is not known: see ${list}, or repeat with --key ${chosen}, which begins it once`
        return new Unanswered({ message: oneLine(`${message}; ${unknown}`) })
      })
    )
  })

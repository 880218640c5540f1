/**
 * A request with an idempotency key is carried out once: its id comes from the key, so that a repetition finds what the first one began even if the service
 * died before it could answer; and its answer is recorded, and given again.
 */
import { Conflict, Unavailable } from "@stopcopy/coordinator-api"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { Effect, Schema } from "effect"
import { createHash } from "node:crypto"
import { behavior } from "./Answered.ts"

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Letters and digits that cannot be taken for one another. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
const idLength = 16

/** The id of what is begun with this key. */
export const idOf =
  (prefix: string) =>
  (key: string): string =>
    `${prefix}-${[...sha256(`id ${key}`).subarray(0, idLength)].map((byte) => alphabet[byte % alphabet.length] ?? "").join("")}`

/** The journal takes or gives nothing. */
export const journalUnavailable = ({ message }: Pick<JournalError, "message">): Unavailable =>
  new Unavailable({ code: "journal.unavailable", message, refusals: [] })

const otherBody = (id: string): Conflict =>
  new Conflict({
    code: "idempotency.other-body",
    message: `this Idempotency-Key stands for another request: ${id}; use a new key for a new request`,
    refusals: []
  })

interface OnceOptions<Payload, PayloadJson, Answer, AnswerJson, E, R> {
  readonly key: string
  /** What is asked for, such as `migrations.start`: the same body to another endpoint is another request. */
  readonly endpoint: string
  /** The id of what is begun, or what is changed, from the key. */
  readonly id: (key: string) => string
  readonly schema: Schema.Schema<Payload, PayloadJson>
  readonly payload: Payload
  readonly answer: Schema.Schema<Answer, AnswerJson>
  /** Begins it under this id, or finds that it was begun. A refusal records nothing, and is judged anew when it comes again. */
  readonly run: (id: string) => Effect.Effect<Answer, E, R>
}

/** Gives the recorded answer, or carries the request out and records what it gave. */
export const once = <Payload, PayloadJson, Answer, AnswerJson, E, R>(
  options: OnceOptions<Payload, PayloadJson, Answer, AnswerJson, E, R>
): Effect.Effect<Answer, E | Conflict | Unavailable, R | ActorSystem> =>
  Effect.gen(function* () {
    const { endpoint, key } = options
    const body = Schema.parseJson(options.answer)
    const system = yield* ActorSystem
    const stream = sha256(`key ${key}`).toString("hex")
    const actor = yield* Effect.mapError(system.actor(behavior, stream), journalUnavailable)
    const asked = sha256(
      `${endpoint} ${Schema.encodeSync(Schema.parseJson(options.schema))(options.payload)}`
    ).toString("hex")
    const { answer: known } = yield* Effect.mapError(actor.state, journalUnavailable)
    if (known !== null) {
      return known.asked === asked ? Schema.decodeSync(body)(known.body) : yield* otherBody(known.id)
    }
    const id = options.id(key)
    const answer = yield* options.run(id)
    const command = { _tag: "Answer", asked, id, body: Schema.encodeSync(body)(answer) } as const
    const kept = yield* Effect.mapError(actor.ask(command, { durability: "durable" }), journalUnavailable)
    // Somebody else asked with the same key meanwhile.
    return kept.asked === asked ? Schema.decodeSync(body)(kept.body) : yield* otherBody(kept.id)
  })

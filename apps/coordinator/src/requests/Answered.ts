/**
 * What was answered to a request with an idempotency key, as a behavior: stream `request/HASH`, where HASH is that of the key. What is recorded once stays.
 */
import { Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"

const Answer = Schema.Struct({
  /** SHA-256 over what was asked, as hexadecimal digits. */
  asked: Schema.String,
  /** The id of what was begun. */
  id: Schema.String,
  /** The JSON of the answer. */
  body: Schema.String
})
type Answer = typeof Answer.Type

const State = Schema.Struct({ answer: Schema.NullOr(Answer) })

/** The first answer to a key is the one that is kept; the command answers with it. */
export const behavior = Behavior.make({
  name: "request",
  version: 1,
  state: State,
  command: Schema.TaggedStruct("Answer", Answer.fields),
  event: Schema.TaggedStruct("Answered", Answer.fields),
  initial: { answer: null },
  decide: (state, { asked, body, id }) => {
    const answer: Answer = { asked, id, body }
    if (state.answer !== null) return Behavior.accept([], state.answer)
    return Behavior.accept([{ _tag: "Answered" as const, ...answer }], answer)
  },
  evolve: (_, { asked, body, id }) => ({ answer: { asked, id, body } })
})

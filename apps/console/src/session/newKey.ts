/** A new idempotency key: whoever sends a request again with it does not begin a second thing. */
import { Effect, Random } from "effect"

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
const length = 26

export const newKey = (): string =>
  Effect.runSync(
    Effect.map(Effect.replicateEffect(Random.nextIntBetween(0, alphabet.length), length), (digits) =>
      digits.map((digit) => alphabet[digit] ?? "").join("")
    )
  )

/**
 * Answering a question about journals. Their hash chains are checked first: what a damaged one still has is shown, and then its damage is
 * the answer, because that is why anything else went wrong.
 */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { InvalidPattern, InvalidPoint, NoSuchEvent, NoSuchField, Source, TreeTooLarge } from "@stopcopy/debugger"
import type { DecodeError, JournalDamaged, NoSuchStream, ReadError, UnknownBehavior } from "@stopcopy/runtime"
import { Effect, Option } from "effect"
import { misuse, type Misuse, negative, Negative } from "../Outcome.ts"
import { openSources } from "./Sources.ts"
import type { OpenedSource } from "./Sources.ts"

/** What the debugger may answer besides an answer. */
type Unanswered =
  | ReadError
  | DecodeError
  | UnknownBehavior
  | NoSuchStream
  | InvalidPattern
  | InvalidPoint
  | NoSuchEvent
  | NoSuchField
  | TreeTooLarge

/** A question that cannot be answered as it was put is misuse; data that cannot be read says no. */
const outcomeOf = (error: Unanswered | Misuse | Negative): Misuse | Negative => {
  switch (error._tag) {
    case "Misuse":
    case "Negative":
      return error
    case "JournalUnavailable":
    case "JournalDamaged":
    case "UndecodableEvent":
    case "RedactedEvent":
      return negative(error)
    default:
      return misuse(error)
  }
}

const damageOf = ({ verify }: OpenedSource): Effect.Effect<Option.Option<JournalDamaged>, ReadError> =>
  verify.pipe(
    Effect.as(Option.none<JournalDamaged>()),
    Effect.catchTag("JournalDamaged", (damage) => Effect.succeed(Option.some(damage)))
  )

const firstDamage = (opened: ReadonlyArray<OpenedSource>) =>
  Effect.map(Effect.forEach(opened, damageOf), Option.firstSomeOf)

/** `answer` over what is in these files. Damage comes after it, and instead of its failures, misuse excepted. */
export const reading = (
  paths: ReadonlyArray<string>,
  answer: (opened: ReadonlyArray<OpenedSource>) => Effect.Effect<void, Unanswered | Misuse | Negative>
): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  Effect.gen(function* () {
    const opened = yield* openSources(paths)
    const damage = yield* Effect.mapError(firstDamage(opened), outcomeOf)
    const answered = yield* Effect.either(Effect.mapError(answer(opened), outcomeOf))
    if (answered._tag === "Left" && (answered.left._tag === "Misuse" || Option.isNone(damage))) {
      return yield* answered.left
    }
    if (Option.isSome(damage)) return yield* negative(damage.value)
  }).pipe(Effect.scoped)

/** The sources alone. */
export const sourcesOf = (opened: ReadonlyArray<OpenedSource>): ReadonlyArray<Source> =>
  opened.map(({ source }) => source)

/** The only source; a file with several journals needs one of them. */
export const onlySource = (
  opened: ReadonlyArray<OpenedSource>,
  path: string
): Effect.Effect<Source, Negative | Misuse> => {
  const [only, ...others] = opened
  if (only === undefined) return new Negative({ message: `${path} has no journal in it` })
  return others.length === 0
    ? Effect.succeed(only.source)
    : misuse({ message: `${path} holds ${opened.length} journals: give a journal, or a bundle of one` })
}

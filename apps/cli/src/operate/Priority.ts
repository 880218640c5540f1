/** Priorities as they are written: 0 to 9, 9 goes first. */
import { Either, Option } from "effect"
import { Misuse } from "../Outcome.ts"

/** What a migration has if nobody says otherwise. */
const defaultPriority = 5

export const parsePriority = (given: Option.Option<string>): Either.Either<number, Misuse> => {
  const text = Option.getOrElse(given, () => String(defaultPriority))
  return /^[0-9]$/.test(text)
    ? Either.right(Number(text))
    : Either.left(new Misuse({ message: `--priority '${text}' is no priority: write a digit, 9 goes first` }))
}

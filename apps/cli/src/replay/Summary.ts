/** An event of a timeline in a few words, readable or not. */
import type { BatchCommand, Moment } from "@stopcopy/debugger"
import { Either, Predicate } from "effect"
import { payloadText } from "./Payload.ts"

/** Characters of raw text that are shown. */
const rawLimit = 120

/** The value of a JSON text; the text where it is none. */
export const parsed = (json: string): unknown =>
  Either.getOrElse(
    Either.try((): unknown => JSON.parse(json)),
    () => json
  )

const raw = (text: string): string =>
  text.length > rawLimit ? `raw ${text.slice(0, rawLimit)}...` : `raw ${text}`.trimEnd()

/** The payload of an event: as text, with marks where a bundle has redacted fields, raw where its behavior is not known. */
export const summaryOf = ({ envelope, event, json }: Moment): string => {
  if (Either.isRight(event)) return payloadText(parsed(json))
  if (envelope.payload === null) return json === "" ? "redacted" : payloadText(parsed(json))
  return event.left._tag === "UnknownBehavior" ? raw(json) : `not readable: ${event.left.message}`
}

/** The same for the command of a batch; `view` is its redacted JSON text, if there is one. */
export const commandSummary = ({ command }: BatchCommand, view: string | undefined): string => {
  const json = Either.isRight(command) ? parsed(command.right.json) : view === undefined ? undefined : parsed(view)
  if (json === undefined) return Either.isLeft(command) ? command.left : ""
  const tag = Predicate.isRecord(json) && typeof json["_tag"] === "string" ? json["_tag"] : ""
  return `${tag} ${payloadText(json)}`.trim()
}

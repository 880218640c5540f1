/** What the fleet refuses, as errors of the API, and what of these a call may give. */
import {
  type ApiError,
  Broken,
  Conflict,
  InvalidRequest,
  NotFound,
  Refused,
  TooManyRequests
} from "@stopcopy/coordinator-api"
import { describe, type Refusal } from "@stopcopy/errno"
import type { FleetRefused } from "@stopcopy/fleet"
import { Effect } from "effect"

const fieldsOf = (refusals: ReadonlyArray<Refusal>) => ({
  code: refusals[0]?.code ?? "fleet.refused",
  message: refusals.map(describe).join("\n"),
  refusals
})

/** Every reason at once; the first one gives the code. */
export const refused = (refusals: ReadonlyArray<Refusal>): Refused => new Refused(fieldsOf(refusals))

export const notFound = (what: string, name: string): NotFound =>
  new NotFound({ code: `${what}.unknown`, message: `there is no ${what} ${name}; look at the list`, refusals: [] })

export const conflict = (...refusals: ReadonlyArray<Refusal>): Conflict => new Conflict(fieldsOf(refusals))

/** What kind of no it is says which error. */
export const ofFleet = ({ kind, refusals }: FleetRefused): ApiError => {
  const fields = fieldsOf(refusals)
  switch (kind) {
    case "invalid":
      return new InvalidRequest(fields)
    case "unknown":
      return new NotFound(fields)
    case "conflict":
      return new Conflict(fields)
    case "limit":
      return new TooManyRequests(fields)
    case "unplaceable":
      return new Refused(fields)
  }
}

type Always = "InvalidRequest" | "TooManyRequests" | "Broken" | "Unavailable"
type Of<Tag extends ApiError["_tag"]> = Extract<ApiError, { readonly _tag: Tag | Always }>

const always: ReadonlyArray<string> = ["InvalidRequest", "TooManyRequests", "Broken", "Unavailable"]

const isOf = <Tag extends ApiError["_tag"]>(error: ApiError, tags: ReadonlyArray<Tag>): error is Of<Tag> =>
  always.includes(error._tag) || tags.some((tag) => tag === error._tag)

/** Only these errors and those that every call may give. Another one is a defect of this service, and is said to be. */
export const only =
  <Tag extends ApiError["_tag"]>(...tags: ReadonlyArray<Tag>) =>
  <A, R>(effect: Effect.Effect<A, ApiError, R>): Effect.Effect<A, Of<Tag> | Broken, R> =>
    Effect.catchAll(effect, (error): Effect.Effect<never, Of<Tag> | Broken> =>
      isOf(error, tags)
        ? Effect.fail(error)
        : Effect.zipRight(
            Effect.logError(`an answer that this call cannot give: ${error.message}`),
            Effect.fail(new Broken({ code: "service.broken", message: error.message, refusals: error.refusals }))
          )
    )

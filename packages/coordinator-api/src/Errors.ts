/**
 * Every error of the API, each with its HTTP status. All have the same form: `code` is stable across releases and safe to match on, `message` is for
 * people, `refusals` has every rule that said no, all at once, with both values and a remedy. A request that got one changed nothing, unless it says otherwise.
 */
import { HttpApiSchema } from "@effect/platform"
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"

const fields = {
  /** Dotted, lower case, never reused: `host.unknown`. */
  code: Schema.NonEmptyString,
  message: Schema.String,
  refusals: Schema.Array(Refusal)
}

/** The request does not have the form of the API: a refusal for each mistake. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()(
  "InvalidRequest",
  fields,
  HttpApiSchema.annotations({
    status: 400,
    description: "The request does not have the form of the API; a refusal for each mistake"
  })
) {}

/** No token, or one that is not known. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  fields,
  HttpApiSchema.annotations({ status: 401, description: "No token, or one that is not known" })
) {}

/** The token may only read, or the request does not come from where it may. */
export class Forbidden extends Schema.TaggedError<Forbidden>()(
  "Forbidden",
  fields,
  HttpApiSchema.annotations({ status: 403, description: "The token does not allow this" })
) {}

/** What the request names is not there. */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  fields,
  HttpApiSchema.annotations({ status: 404, description: "What the request names is not there" })
) {}

/** The path is there, but not for this method. */
export class MethodNotAllowed extends Schema.TaggedError<MethodNotAllowed>()(
  "MethodNotAllowed",
  fields,
  HttpApiSchema.annotations({ status: 405, description: "The path is there, but not for this method" })
) {}

/** The request does not agree with what is there now: a name that is taken, a migration that has ended. */
export class Conflict extends Schema.TaggedError<Conflict>()(
  "Conflict",
  fields,
  HttpApiSchema.annotations({ status: 409, description: "The request does not agree with what is there now" })
) {}

/** The body is longer than the service reads. */
export class TooLarge extends Schema.TaggedError<TooLarge>()(
  "TooLarge",
  fields,
  HttpApiSchema.annotations({ status: 413, description: "The body is longer than the service reads" })
) {}

/** The body is no JSON by its content type. */
export class UnsupportedMediaType extends Schema.TaggedError<UnsupportedMediaType>()(
  "UnsupportedMediaType",
  fields,
  HttpApiSchema.annotations({ status: 415, description: "The body is no JSON by its content type" })
) {}

/** It was understood, and rules speak against it: every one of them is named. Nothing was touched. */
export class Refused extends Schema.TaggedError<Refused>()(
  "Refused",
  fields,
  HttpApiSchema.annotations({ status: 422, description: "Rules speak against it, each is named; nothing was touched" })
) {}

/** More at once, or in a row, than the service takes. The identical request may succeed later. */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>()(
  "TooManyRequests",
  fields,
  HttpApiSchema.annotations({ status: 429, description: "More at once than the service takes; try again later" })
) {}

/** The service broke on the request. What it did is unknown: look before going on. */
export class Broken extends Schema.TaggedError<Broken>()(
  "Broken",
  fields,
  HttpApiSchema.annotations({ status: 500, description: "The service broke on the request; what it did is unknown" })
) {}

/** A host does not answer, or the journal takes nothing. */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  fields,
  HttpApiSchema.annotations({
    status: 503,
    description: "A host does not answer, or the journal takes nothing; try again later"
  })
) {}

/** What any request may get, whatever it asks for. */
const common = [
  InvalidRequest,
  Forbidden,
  TooLarge,
  UnsupportedMediaType,
  TooManyRequests,
  Broken,
  Unavailable
] as const

/** Every error of the API. */
export const ApiError = Schema.Union(...common, Unauthorized, NotFound, MethodNotAllowed, Conflict, Refused)
export type ApiError = typeof ApiError.Type

/** The values of an error with one rule that said no. */
export const because = (refusal: Refusal) => ({
  code: refusal.code,
  message: `${refusal.where}: ${refusal.rule} (${refusal.source}, needed: ${refusal.destination}); ${refusal.remedy}`,
  refusals: [refusal]
})

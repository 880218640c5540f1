/** The endpoint that says who calls: what a console may offer depends on it. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { ReadAccess, Role } from "./Access.ts"

/** Whose the token of the request is. */
export const CallerView = Schema.Struct({
  role: Role,
  /** The name of the token, or `anyone` where the service has none. */
  name: Schema.String,
  /** Whether the service asks for a token at all. */
  hasTokens: Schema.Boolean
}).annotations({ identifier: "Caller" })
export type CallerView = typeof CallerView.Type

const show = HttpApiEndpoint.get("show", "/caller")
  .addSuccess(CallerView)
  .annotate(OpenApi.Summary, "Tell who calls, and what they may do")
  .middleware(ReadAccess)

export const caller = HttpApiGroup.make("caller").add(show).annotate(OpenApi.Description, "Who calls")

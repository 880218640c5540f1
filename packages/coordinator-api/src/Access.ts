/** Who may do what: a token has the role `read` or `operate`. Where the service has no tokens, whoever reaches it may operate. */
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "@effect/platform"
import { Context, Schema } from "effect"
import { Forbidden, Unauthorized } from "./Errors.ts"

/** `read` sees everything; `operate` also changes things. */
export const Role = Schema.Literal("read", "operate")
export type Role = typeof Role.Type

/** Who calls. */
export class Caller extends Context.Tag("@stopcopy/coordinator-api/Caller")<
  Caller,
  {
    readonly role: Role
    /** Who that is in the journal: the name of the token's file, or `anyone`. */
    readonly name: string
    /** Whether the service has tokens at all. */
    readonly hasTokens: boolean
  }
>() {}

const bearer = HttpApiSecurity.bearer.pipe(
  HttpApiSecurity.annotate(OpenApi.Description, "A token of the coordinator, with the role read or operate")
)

/** Lets readers and operators pass. */
export class ReadAccess extends HttpApiMiddleware.Tag<ReadAccess>()("@stopcopy/coordinator-api/ReadAccess", {
  failure: Unauthorized,
  provides: Caller,
  security: { bearer }
}) {}

/** Lets operators pass. */
export class OperateAccess extends HttpApiMiddleware.Tag<OperateAccess>()("@stopcopy/coordinator-api/OperateAccess", {
  failure: Schema.Union(Unauthorized, Forbidden),
  provides: Caller,
  security: { bearer }
}) {}

/** Who may call what: the middleware of the API over the tokens of the service. */
import type { Caller } from "@stopcopy/coordinator-api"
import { Forbidden, OperateAccess, ReadAccess, Unauthorized } from "@stopcopy/coordinator-api"
import type { Context } from "effect"
import { Effect, Layer, Redacted } from "effect"
import type { Tokens } from "./Tokens.ts"

const unauthorized = (secret: string): Unauthorized =>
  new Unauthorized({
    code: secret === "" ? "token.missing" : "token.unknown",
    message:
      secret === ""
        ? "no token came with the request; send one as 'Authorization: Bearer TOKEN'"
        : "nobody has this token; look at the token files of the service",
    refusals: []
  })

const forbidden = (name: string): Forbidden =>
  new Forbidden({
    code: "token.read-only",
    message: `the token of ${name} has the role read, and this changes something; use one with the role operate`,
    refusals: []
  })

type CallerService = Context.Tag.Service<typeof Caller>

const callerOf = (tokens: Tokens, token: Redacted.Redacted): Effect.Effect<CallerService, Unauthorized> => {
  const secret = Redacted.value(token)
  const holder = tokens.holder(secret)
  return holder === undefined
    ? Effect.fail(unauthorized(secret))
    : Effect.succeed({ ...holder, hasTokens: !tokens.isOpen })
}

/** Both middlewares. */
export const access = (tokens: Tokens): Layer.Layer<ReadAccess | OperateAccess> =>
  Layer.merge(
    Layer.succeed(ReadAccess, { bearer: (token) => callerOf(tokens, token) }),
    Layer.succeed(OperateAccess, {
      bearer: (token) =>
        Effect.filterOrFail(
          callerOf(tokens, token),
          ({ role }) => role === "operate",
          ({ name }) => forbidden(name)
        )
    })
  )

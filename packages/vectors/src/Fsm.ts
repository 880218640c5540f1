/** `fsm.json`: the next single arc, and the whole path, for every set of features and every pair of numbers. */
import { NextState, Path } from "@stopcopy/vfio"
import { Either, Schema } from "effect"
import { compare } from "./Mismatch.ts"

export const Case = Schema.Struct({
  id: Schema.String,
  flags: Schema.Int,
  cur: Schema.Int,
  new: Schema.Int,
  ret: Schema.Int,
  next: Schema.NullOr(Schema.Int),
  /** The kernel would also report a programming error. */
  warn: Schema.Boolean,
  path: Schema.Array(Schema.Int),
  path_ret: Schema.Int,
  path_end: Schema.Int
})

export const run = (one: typeof Case.Type): ReadonlyArray<string> => {
  const next = NextState.nextState(one.flags, one.cur, one.new)
  const walk = Path.walk(one.flags, one.cur, one.new)
  return [
    ...compare("ret", one.ret, Either.isLeft(next) ? -next.left.errno : 0),
    ...compare("next", one.next, Either.getOrNull(next)),
    ...compare("warn", one.warn, NextState.isProgrammingError(one.flags, one.cur)),
    ...compare("path", one.path, walk.path),
    ...compare("path_ret", one.path_ret, walk.error === undefined ? 0 : -walk.error.errno),
    ...compare("path_end", one.path_end, walk.end)
  ]
}

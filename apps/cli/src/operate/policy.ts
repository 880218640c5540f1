/** `stopcopy policy`: the limits, retries and circuit breakers of the fleet; shown and set by their names, such as `limits.fleet`. */
import { Policy } from "@stopcopy/coordinator-api"
import { Effect, Either, ParseResult, Predicate, Schema } from "effect"
import { columns } from "../Columns.ts"
import { Misuse, oneLine, type Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"

export interface PolicySetOptions extends OperateOptions {
  /** `NAME=VALUE`, one or more. */
  readonly changes: ReadonlyArray<string>
}

/** A number at the end of a path. */
type Entry = readonly [name: string, value: number]

const entriesOf = (value: object, prefix = ""): ReadonlyArray<Entry> =>
  Object.entries(value).flatMap(([key, inside]: readonly [string, unknown]) => {
    if (Predicate.isRecord(inside)) return entriesOf(inside, `${prefix}${key}.`)
    return typeof inside === "number" ? [[`${prefix}${key}`, inside] as const] : []
  })

const policyLines = (policy: Policy): ReadonlyArray<string> =>
  columns(
    entriesOf(policy).map(([name, value]) => [name, String(value)]),
    ["left", "right"]
  )

/** `policy get` */
export const getPolicy = (options: OperateOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      yield* print(options.json, Policy, yield* client.policy.get(), policyLines)
    })
  )

const changesOf = (
  changes: ReadonlyArray<string>,
  known: ReadonlyArray<Entry>
): Either.Either<ReadonlyMap<string, number>, Misuse> => {
  const names = known.map(([name]) => name)
  const found = new Map<string, number>()
  const problems: Array<string> = []
  for (const change of changes) {
    const [, name = "", text = ""] = /^([^=]+)=(.*)$/.exec(change) ?? []
    const value = Number(text)
    if (name === "") problems.push(`'${change}' is no change: write NAME=VALUE, such as limits.host=4`)
    else if (!names.includes(name)) problems.push(`there is no '${name}': use one of ${names.join(", ")}`)
    else if (text.trim() === "" || !Number.isFinite(value)) problems.push(`${name}: '${text}' is no number`)
    else if (found.has(name)) problems.push(`${name} is given twice`)
    else found.set(name, value)
  }
  return problems.length === 0 ? Either.right(found) : Either.left(new Misuse({ message: problems.join("\n") }))
}

const decode = Schema.decodeUnknownEither(Policy, { errors: "all" })

/** The policy with other values; every one that cannot be is named. */
const changed = (policy: Policy, changes: ReadonlyMap<string, number>): Either.Either<Policy, Misuse> => {
  const renew = (value: object, prefix: string): object =>
    Object.fromEntries(
      Object.entries(value).map(([key, inside]: readonly [string, unknown]) => {
        const path = `${prefix}${key}`
        return [key, Predicate.isRecord(inside) ? renew(inside, `${path}.`) : (changes.get(path) ?? inside)]
      })
    )
  return Either.mapLeft(decode(renew(policy, "")), (error) => {
    const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
    return new Misuse({
      message: issues.map(({ message, path }) => oneLine(`${path.map(String).join(".")}: ${message}`)).join("\n")
    })
  })
}

/** `policy set`: what is not named stays as it is. */
export const setPolicy = (options: PolicySetOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const policy = yield* client.policy.get()
      const changes = yield* changesOf(options.changes, entriesOf(policy))
      const payload = yield* changed(policy, changes)
      yield* print(options.json, Policy, yield* client.policy.put({ payload }), policyLines)
    })
  )

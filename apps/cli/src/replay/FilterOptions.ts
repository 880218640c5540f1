/** Filter options as people give them: what is wrong with them is told before anything is read. */
import { compileFilter, type Filter } from "@stopcopy/debugger"
import { DateTime, Effect, Option } from "effect"
import { misuse, Misuse } from "../Outcome.ts"

export interface FilterOptions {
  readonly stream: Option.Option<string>
  readonly type: Option.Option<string>
  readonly text: Option.Option<string>
  readonly regex: Option.Option<string>
  readonly correlation: Option.Option<string>
  readonly failures: boolean
  readonly from: Option.Option<string>
  readonly to: Option.Option<string>
}

const microsPerMilli = 1000

/** ISO date and time; without a zone it is UTC, as everything that is printed. Digits below milliseconds count. */
const form = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?$/

/** What a date alone means. */
type Alone = "its first microsecond" | "its last microsecond"

/** Microseconds since the Unix epoch; undefined where the text is no time. */
export const microsOf = (text: string, alone: Alone = "its first microsecond"): number | undefined => {
  const [whole, rest] = alone === "its first microsecond" ? ["00:00:00", ""] : ["23:59:59", "999999"]
  const [match, date = "", written, digits = "", zone = "Z"] = form.exec(text) ?? []
  const [clock, fraction] = written === undefined ? [whole, rest] : [written, digits]
  if (match === undefined) return undefined
  const seconds = clock.length === "00:00".length ? `${clock}:00` : clock
  const found = Option.getOrUndefined(DateTime.make(`${date}T${seconds}${zone}`))
  // A day that its month does not have would count on into the next one.
  const day = Option.getOrUndefined(DateTime.make(`${date}T00:00:00Z`))
  if (found === undefined || day === undefined || !DateTime.formatIso(day).startsWith(date)) return undefined
  return found.epochMillis * microsPerMilli + Number(fraction.padEnd(6, "0"))
}

const timeOf = (name: "from" | "to", given: Option.Option<string>): Effect.Effect<{ readonly at?: number }, Misuse> =>
  Option.match(given, {
    onNone: () => Effect.succeed({}),
    onSome: (text) => {
      const at = microsOf(text, name === "to" ? "its last microsecond" : "its first microsecond")
      return at === undefined
        ? new Misuse({ message: `--${name} wants a time such as 2026-01-02T03:04:05.678Z, not '${text}'` })
        : Effect.succeed({ at })
    }
  })

const given = <Name extends string, A>(name: Name, value: Option.Option<A>): { readonly [Key in Name]?: A } | object =>
  Option.match(value, { onNone: () => ({}), onSome: (some) => ({ [name]: some }) })

/** The filter that the options mean. */
export const filterOf = (options: FilterOptions): Effect.Effect<Filter, Misuse> =>
  Effect.gen(function* () {
    const [from, to] = [yield* timeOf("from", options.from), yield* timeOf("to", options.to)]
    const filter: Filter = {
      ...given("stream", options.stream),
      ...given("type", options.type),
      ...given("text", options.text),
      ...given("pattern", options.regex),
      ...given("correlation", options.correlation),
      ...(options.failures ? { failures: true } : {}),
      ...given("from", Option.fromNullable(from.at)),
      ...given("to", Option.fromNullable(to.at))
    }
    yield* Effect.mapError(compileFilter(filter), misuse)
    return filter
  })

/** Options besides `--stream` that are given. */
export const givenFilters = (options: FilterOptions): ReadonlyArray<string> =>
  [
    ...(["type", "text", "regex", "correlation", "from", "to"] as const).filter((name) => Option.isSome(options[name])),
    ...(options.failures ? ["failures"] : [])
  ].map((name) => `--${name}`)

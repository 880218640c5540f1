/** The description of an emulator in a JSON file: everything that `serve` can be told by options, and PFs with all that they can have. */
import { type Problem, problem, problemsOf } from "@stopcopy/service"
import { readJson } from "@stopcopy/service/process"
import { Either, Schema } from "effect"
import type { RawEntry } from "./PfFlag.ts"

const said = (value: unknown): string => JSON.stringify(value) ?? String(value)

const kind = <A, I>(schema: Schema.Schema<A, I>, what: string) =>
  schema.annotations({ message: ({ actual }) => ({ message: `is ${what}, not ${said(actual)}`, override: true }) })

const maybe = <A, I>(schema: Schema.Schema<A, I>, what: string) =>
  Schema.optionalWith(kind(schema, what), { exact: true })

const text = "text that is not empty"

/** PFs are looked at one by one, so that each has its own problems. */
const ConfigFile = Schema.Struct({
  host: maybe(Schema.NonEmptyString, text),
  socketDir: maybe(Schema.NonEmptyString, text),
  journal: maybe(Schema.NonEmptyString, text),
  agent: maybe(Schema.NonEmptyString, text),
  agentTokenFile: maybe(Schema.NonEmptyString, text),
  agentTlsCert: maybe(Schema.NonEmptyString, text),
  agentTlsKey: maybe(Schema.NonEmptyString, text),
  agentInsecure: maybe(Schema.Boolean, "true or false"),
  descriptors: maybe(Schema.Boolean, "true or false"),
  drainSeconds: maybe(Schema.Number, "a number of seconds"),
  otlpUrl: maybe(Schema.NonEmptyString, text),
  pfs: Schema.optionalWith(
    Schema.Array(kind(Schema.Record({ key: Schema.String, value: Schema.Unknown }), "an object")),
    { exact: true, default: () => [] }
  )
})
type ConfigFile = typeof ConfigFile.Type

export interface Config extends Omit<ConfigFile, "pfs"> {
  readonly pfs: ReadonlyArray<RawEntry>
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What a JSON value is, without all that is in it. */
const shown = (value: unknown): string =>
  Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`

/** What a file says, or everything that is wrong with its form. */
export const readConfig = (path: string): Either.Either<Config, ReadonlyArray<Problem>> =>
  Either.flatMap(readJson("--config", path), (value) => {
    if (!isObject(value))
      return Either.left([problem(path, `is ${shown(value)}; write an object with "pfs" and the rest`)])
    if ("pfs" in value && !Array.isArray(value.pfs))
      return Either.left([problem(`${path} .pfs`, "is no list of PFs; write [ ... ]")])
    const decoded = Schema.decodeUnknownEither(ConfigFile)(value, { errors: "all", onExcessProperty: "error" })
    if (Either.isLeft(decoded)) return Either.left(problemsOf(`${path} `, decoded.left))
    const { pfs, ...rest } = decoded.right
    return Either.right({
      ...rest,
      pfs: pfs.map((pf, index) => ({ where: `${path} .pfs[${index}]`, value: { ...pf } }))
    })
  })

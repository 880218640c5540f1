/** Where settings come from: options before the environment, that before the file. Each value keeps where it stands, so that a mistake can be found. */
import { type Problem, problem, problemsOf } from "@stopcopy/service"
import { readJson } from "@stopcopy/service/process"
import { Either, Schema } from "effect"
import { type Name, names } from "./settings.ts"

interface Given {
  /** `--listen`, `STOPCOPY_COORDINATOR_LISTEN`, or a place in a file. */
  readonly where: string
  readonly value: string
}

export type Values = ReadonlyMap<Name, Given>

const prefix = "STOPCOPY_COORDINATOR_"

export const optionOf = (name: Name): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The variable of a setting: `STOPCOPY_COORDINATOR_LISTEN`. */
export const variableOf = (name: Name): string =>
  `${prefix}${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** The name of the file may stand in the environment too. */
const configVariable = `${prefix}CONFIG`

const scalar = Schema.optionalWith(Schema.Union(Schema.String, Schema.Number), { exact: true })
const File = Schema.Struct({
  listen: scalar,
  journal: scalar,
  tlsCert: scalar,
  tlsKey: scalar,
  readTokens: scalar,
  operateTokens: scalar,
  agentToken: scalar,
  agentCa: scalar,
  agentAccess: scalar,
  otlpUrl: scalar,
  logLevel: scalar,
  graceSeconds: scalar,
  bodyKib: scalar,
  connections: scalar,
  console: scalar,
  historyDays: scalar
})

/** What one source has, and what is wrong with it. */
interface Source {
  readonly values: Values
  readonly problems: ReadonlyArray<Problem>
}

const nothing: Values = new Map()

const given = (values: (name: Name) => Given | undefined): Values =>
  new Map(
    names.flatMap((name) => {
      const value = values(name)
      return value === undefined ? [] : [[name, value] as const]
    })
  )

const inFile = (option: string, path: string): Source => {
  const json = readJson(option, path)
  if (Either.isLeft(json)) return { values: nothing, problems: json.left }
  const decoded = Schema.decodeUnknownEither(File)(json.right, { errors: "all", onExcessProperty: "error" })
  if (Either.isLeft(decoded)) return { values: nothing, problems: problemsOf(`${path} `, decoded.left) }
  const { right } = decoded
  const values = given((name) => {
    const value = right[name]
    return value === undefined ? undefined : { where: `${path} .${name}`, value: String(value) }
  })
  return { values, problems: [] }
}

const inEnvironment = (environment: Readonly<Record<string, string | undefined>>): Source => {
  const known = names.map(variableOf)
  const problems = Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && name !== configVariable && !known.includes(name))
    .map((name) => problem(name, `there is no such setting; there are ${known.join(", ")}`))
  const values = given((name) => {
    const value = environment[variableOf(name)]
    return value === undefined ? undefined : { where: variableOf(name), value }
  })
  return { values, problems }
}

/** All values with where they stand, and everything that is wrong with the sources themselves. */
export const gather = (
  options: Readonly<Partial<Record<Name, string>>>,
  config: string | undefined,
  environment: Readonly<Record<string, string | undefined>>
): Source => {
  const [option, path] = config === undefined ? [configVariable, environment[configVariable]] : ["--config", config]
  const onCommandLine = given((name) => {
    const value = options[name]
    return value === undefined ? undefined : { where: optionOf(name), value }
  })
  const sources: ReadonlyArray<Source> = [
    path === undefined ? { values: nothing, problems: [] } : inFile(option, path),
    inEnvironment(environment),
    { values: onCommandLine, problems: [] }
  ]
  return {
    values: new Map(sources.flatMap(({ values }) => [...values])),
    problems: sources.flatMap((source) => source.problems)
  }
}

/** What the service is to be, from all settings together. Every mistake is found and named before anything is started. */
import { Addresses } from "@stopcopy/agent"
import type { Role } from "@stopcopy/coordinator-api"
import { type Problem, problem } from "@stopcopy/service"
import type { Tls } from "@stopcopy/service/listen"
import type { Config, ConfigError } from "effect"
import { ConfigProvider, Effect, Either, Option, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { createSecureContext } from "node:tls"
import type { Token } from "../http/Tokens.ts"
import { type AgentAccess, authoritiesMistake, noAccess, readAccess, tokenMistake } from "./agentAccess.ts"
import { isSite } from "../site/files.ts"
import type { Console } from "../site/site.ts"
import { listen as listenSetting, type Name, names, type Settings, settings, type TcpAddress } from "./settings.ts"
import { gather, optionOf, type Values } from "./sources.ts"

export interface Plan {
  readonly listen: TcpAddress
  /** A file, or the URL of a PostgreSQL database. */
  readonly journal: string
  readonly tls: Tls | undefined
  readonly tokens: ReadonlyArray<Token>
  readonly agents: AgentAccess
  readonly otlpUrl: string | undefined
  readonly logLevel: Settings["logLevel"]
  readonly graceSeconds: number
  readonly bodyLimit: number
  readonly connections: number
  readonly console: Console
  /** How long history is kept whole. 0: for ever. */
  readonly historyDays: number
}

/** Shorter secrets can be guessed. */
const shortestToken = 16

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** Every mistake of a `ConfigError`, each at the setting that it is about. */
const mistakes = (error: ConfigError.ConfigError, values: Values): ReadonlyArray<Problem> => {
  if (error._op === "And" || error._op === "Or")
    return [...mistakes(error.left, values), ...mistakes(error.right, values)]
  const name = names.find((one) => error.path.includes(one))
  const where = name === undefined ? error.path.join(".") : (values.get(name)?.where ?? optionOf(name))
  return [problem(where, error.message)]
}

type Files = Pick<
  Settings,
  "tlsCert" | "tlsKey" | "readTokens" | "operateTokens" | "agentToken" | "agentCa" | "agentAccess"
>

/** Gathers what is right, and notes what is wrong. */
class Reading {
  readonly problems: Array<Problem>
  readonly values: Values

  constructor(values: Values, problems: ReadonlyArray<Problem>) {
    this.values = values
    this.problems = [...problems]
  }

  where(name: Name): string {
    const given = this.values.get(name)
    return given === undefined ? optionOf(name) : `${given.where} ${given.value}`
  }

  file(name: Name, path: Option.Option<string>): string | undefined {
    if (Option.isNone(path)) return undefined
    try {
      return readFileSync(path.value, "utf8")
    } catch (thrown) {
      this.problems.push(problem(this.where(name), `cannot be read (${messageOf(thrown)}); name a file that can`))
      return undefined
    }
  }

  /** Tokens, one a line: `SECRET`, or `NAME SECRET`. Empty lines and those that begin with # say nothing. */
  tokens(name: Name, role: Role, path: Option.Option<string>): ReadonlyArray<Token> {
    const text = this.file(name, path)
    if (text === undefined || Option.isNone(path)) return []
    const lines = text
      .split("\n")
      .map((line, index) => ({ words: line.trim().split(/\s+/), number: index + 1 }))
      .filter(({ words: [first = ""] }) => first !== "" && !first.startsWith("#"))
    if (lines.length === 0) this.problems.push(problem(this.where(name), "has no token; put one on a line of its own"))
    return lines.flatMap(({ number, words }) => {
      const [secret = "", holder = basename(path.value)] = words.toReversed()
      const wrong = this.tokenMistake(words, secret)
      if (wrong === undefined) return [{ role, name: holder, secret }]
      this.problems.push(problem(`${this.where(name)} line ${number}`, wrong))
      return []
    })
  }

  private tokenMistake(words: ReadonlyArray<string>, secret: string): string | undefined {
    if (words.length > 2) return "has more than a name and a secret; write NAME SECRET, or SECRET alone"
    return secret.length < shortestToken
      ? `has a secret of ${secret.length} characters, and ${shortestToken} are the fewest; take a longer one, at random`
      : undefined
  }

  tls({ tlsCert, tlsKey }: Files): Tls | undefined {
    const [cert, key] = [this.file("tlsCert", tlsCert), this.file("tlsKey", tlsKey)]
    if (Option.isSome(tlsCert) !== Option.isSome(tlsKey)) {
      const missing = Option.isSome(tlsCert) ? "tlsKey" : "tlsCert"
      this.problems.push(problem(optionOf(missing), "is missing; TLS needs a certificate and its key"))
    }
    if (cert === undefined || key === undefined) return undefined
    try {
      createSecureContext({ cert, key })
      return { cert, key }
    } catch (thrown) {
      const what = `is no certificate with the key of ${optionOf("tlsKey")} (${messageOf(thrown)}); name PEM files that belong together`
      this.problems.push(problem(this.where("tlsCert"), what))
      return undefined
    }
  }

  private checked(
    name: Name,
    path: Option.Option<string>,
    mistake: (text: string) => string | undefined
  ): string | undefined {
    const text = this.file(name, path)?.trim()
    const wrong = text === undefined ? undefined : mistake(text)
    if (wrong !== undefined) this.problems.push(problem(this.where(name), wrong))
    return text
  }

  /** How agents are called. */
  agents({ agentAccess, agentCa, agentToken }: Files): AgentAccess {
    const token = this.checked("agentToken", agentToken, tokenMistake)
    const ca = this.checked("agentCa", agentCa, authoritiesMistake)
    const all = {
      ...(token === undefined ? {} : { token: Redacted.make(token) }),
      ...(ca === undefined ? {} : { trust: { ca } })
    }
    if (Option.isNone(agentAccess)) return { ...noAccess, all }
    const own = readAccess(this.values.get("agentAccess")?.where ?? optionOf("agentAccess"), agentAccess.value)
    if (Either.isRight(own)) return { all, own: own.right }
    this.problems.push(...own.left)
    return { ...noAccess, all }
  }

  console(given: Option.Option<string>): Console {
    if (Option.isNone(given)) return { _tag: "Usual" }
    if (given.value === "none") return { _tag: "Off" }
    if (!isSite(given.value)) {
      const what = "has no index.html; name the folder of a console that was built, or none"
      this.problems.push(problem(this.where("console"), what))
    }
    return { _tag: "Folder", folder: given.value }
  }
}

/** What others than this machine reach has tokens, and TLS under them. */
const openProblems = (
  listen: TcpAddress,
  { operateTokens, readTokens, tlsCert }: Files,
  where: string
): ReadonlyArray<Problem> => {
  if (Addresses.isLocal(listen)) return []
  const missing = [
    ...(Option.isNone(tlsCert) ? [`TLS (${optionOf("tlsCert")}, ${optionOf("tlsKey")})`] : []),
    ...(Option.isNone(operateTokens) && Option.isNone(readTokens)
      ? [`tokens (${optionOf("operateTokens")}, ${optionOf("readTokens")})`]
      : [])
  ]
  return missing.length === 0
    ? []
    : [
        problem(
          where,
          `others than this machine reach it, so it needs ${missing.join(" and ")}; give these, or use 127.0.0.1`
        )
      ]
}

const read = <A>(values: Values, config: Config.Config<A>): Either.Either<A, ConfigError.ConfigError> => {
  const flat = new Map([...values].map(([name, { value }]) => [name, value]))
  return Effect.runSync(Effect.either(ConfigProvider.fromMap(flat).load(config)))
}

/** The files that are named, whatever is wrong with other settings: what is wrong with them is told with it. */
const filesOf = (values: Values): Files => {
  const file = (name: Name) => Option.filter(Option.fromNullable(values.get(name)?.value), (path) => path !== "")
  return {
    tlsCert: file("tlsCert"),
    tlsKey: file("tlsKey"),
    readTokens: file("readTokens"),
    operateTokens: file("operateTokens"),
    agentToken: file("agentToken"),
    agentCa: file("agentCa"),
    agentAccess: file("agentAccess")
  }
}

/** The plan, or everything that is wrong. `options` by their names in the file. */
export const plan = (
  options: Readonly<Partial<Record<Name, string>>>,
  config: string | undefined,
  environment: Readonly<Record<string, string | undefined>>
): Either.Either<Plan, ReadonlyArray<Problem>> => {
  const { problems, values } = gather(options, config, environment)
  const reading = new Reading(values, problems)
  const result = read(values, settings)
  if (Either.isLeft(result)) reading.problems.push(...mistakes(result.left, values))
  const files = filesOf(values)
  const tls = reading.tls(files)
  const tokens = [
    ...reading.tokens("readTokens", "read", files.readTokens),
    ...reading.tokens("operateTokens", "operate", files.operateTokens)
  ]
  const agents = reading.agents(files)
  const console = reading.console(
    Option.filter(Option.fromNullable(values.get("console")?.value), (path) => path !== "")
  )
  const where = read(values, listenSetting)
  if (Either.isRight(where)) reading.problems.push(...openProblems(where.right, files, reading.where("listen")))
  if (Either.isLeft(result) || reading.problems.length > 0) return Either.left(reading.problems)
  const set = result.right
  const { connections, graceSeconds, historyDays, journal, listen, logLevel } = set
  const otlpUrl = Option.getOrUndefined(set.otlpUrl)
  const bodyLimit = set.bodyKib * 1024
  return Either.right({
    listen,
    journal,
    tls,
    tokens,
    agents,
    otlpUrl,
    logLevel,
    graceSeconds,
    bodyLimit,
    connections,
    console,
    historyDays
  })
}

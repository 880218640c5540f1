/** What the service is to be, from all settings together. Every mistake is found and named before anything is started. */
import { Addresses } from "@stopcopy/agent"
import type { Role } from "@stopcopy/coordinator-api"
import { type Problem, problem } from "@stopcopy/service"
import type { Tls } from "@stopcopy/service/listen"
import type { ConfigError } from "effect"
import { ConfigProvider, Effect, Either, Option } from "effect"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { createSecureContext } from "node:tls"
import type { Token } from "../http/Tokens.ts"
import { isSite } from "../site/files.ts"
import type { Console } from "../site/site.ts"
import { type Name, names, type Settings, settings, type TcpAddress } from "./settings.ts"
import { gather, optionOf, type Values } from "./sources.ts"

export interface Plan {
  readonly listen: TcpAddress
  readonly journal: string
  readonly tls: Tls | undefined
  readonly tokens: ReadonlyArray<Token>
  readonly agentToken: string | undefined
  readonly agentCa: string | undefined
  readonly otlpUrl: string | undefined
  readonly logLevel: Settings["logLevel"]
  readonly graceSeconds: number
  readonly bodyLimit: number
  readonly connections: number
  readonly console: Console
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

  tls({ tlsCert, tlsKey }: Settings): Tls | undefined {
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

  authorities(name: Name, path: Option.Option<string>): string | undefined {
    const pem = this.file(name, path)
    if (pem === undefined || /-----BEGIN CERTIFICATE-----/.test(pem)) return pem
    this.problems.push(problem(this.where(name), "has no certificate; name a PEM file with those of the authorities"))
    return undefined
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

  secret(name: Name, path: Option.Option<string>): string | undefined {
    const secret = this.file(name, path)?.trim()
    if (secret === "") this.problems.push(problem(this.where(name), "is empty; put a secret into it"))
    return secret
  }
}

/** What others than this machine reach has tokens, and TLS under them. */
const openProblems = (
  { listen, operateTokens, readTokens, tlsCert }: Settings,
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

const read = (values: Values): Either.Either<Settings, ConfigError.ConfigError> => {
  const flat = new Map([...values].map(([name, { value }]) => [name, value]))
  return Effect.runSync(Effect.either(ConfigProvider.fromMap(flat).load(settings)))
}

/** The plan, or everything that is wrong. `options` by their names in the file. */
export const plan = (
  options: Readonly<Partial<Record<Name, string>>>,
  config: string | undefined,
  environment: Readonly<Record<string, string | undefined>>
): Either.Either<Plan, ReadonlyArray<Problem>> => {
  const { problems, values } = gather(options, config, environment)
  const reading = new Reading(values, problems)
  const result = read(values)
  if (Either.isLeft(result)) return Either.left([...reading.problems, ...mistakes(result.left, values)])
  const set = result.right
  const tls = reading.tls(set)
  const tokens = [
    ...reading.tokens("readTokens", "read", set.readTokens),
    ...reading.tokens("operateTokens", "operate", set.operateTokens)
  ]
  const agentToken = reading.secret("agentToken", set.agentToken)
  const agentCa = reading.authorities("agentCa", set.agentCa)
  const console = reading.console(set.console)
  reading.problems.push(...openProblems(set, reading.where("listen")))
  if (reading.problems.length > 0) return Either.left(reading.problems)
  const { connections, graceSeconds, journal, listen, logLevel } = set
  const otlpUrl = Option.getOrUndefined(set.otlpUrl)
  const bodyLimit = set.bodyKib * 1024
  return Either.right({
    listen,
    journal,
    tls,
    tokens,
    agentToken,
    agentCa,
    otlpUrl,
    logLevel,
    graceSeconds,
    bodyLimit,
    connections,
    console
  })
}

/** The settings of the service: each with its name as an option, in the environment and in the file, and what it must be. */
import { type Address, Addresses } from "@stopcopy/agent"
import { logLevels, traceUrlMistake } from "@stopcopy/service"
import { Config, ConfigError, Either } from "effect"

/** Where a TCP port is. */
export type TcpAddress = Extract<Address, { readonly _tag: "Tcp" }>

export const defaults = {
  listen: "127.0.0.1:7700",
  journal: "coordinator.db",
  graceSeconds: 5,
  bodyKib: 256,
  connections: 256,
  historyDays: 30
} as const

/** The names as they stand in the file; `--log-level` and `STOPCOPY_COORDINATOR_LOG_LEVEL` are `logLevel`. */
export const names = [
  ...(["listen", "journal", "tlsCert", "tlsKey", "readTokens", "operateTokens"] as const),
  ...(["agentToken", "agentCa", "agentAccess"] as const),
  ...(["otlpUrl", "logLevel", "graceSeconds", "bodyKib", "connections", "console", "historyDays"] as const)
]
export type Name = (typeof names)[number]

/** The name stands in the error: an error behind a default knows no path of its own. */
const refuse = (name: Name, message: string) => Either.left(ConfigError.InvalidData([name], message))

/** Where it listens, alone: what is wrong with other settings hides nothing of it. */
export const listen = Config.string("listen").pipe(
  Config.withDefault(defaults.listen),
  Config.mapOrFail((text): Either.Either<TcpAddress, ConfigError.ConfigError> => {
    const parsed = Addresses.parse(text)
    if (Either.isLeft(parsed)) return refuse("listen", parsed.left)
    return parsed.right._tag === "Tcp"
      ? Either.right(parsed.right)
      : refuse("listen", `'${text}' is a UNIX socket, and the service listens on a TCP port; write host:port`)
  })
)

const whole = (name: Name, fallback: number, least: number, most: number) =>
  Config.string(name).pipe(
    Config.withDefault(String(fallback)),
    Config.mapOrFail((text) => {
      const value = Number(text)
      return Number.isInteger(value) && value >= least && value <= most && text.trim() !== ""
        ? Either.right(value)
        : refuse(name, `'${text}' is no whole number from ${least} to ${most}`)
    })
  )

/** An empty value is a mistake, not one that is left out. */
const path = (name: Name) =>
  Config.string(name).pipe(
    Config.mapOrFail((text) =>
      text === "" ? refuse(name, "is empty; name a file, or leave it out") : Either.right(text)
    )
  )

const file = (name: Name) => Config.option(path(name))

/** Whether a journal is one in PostgreSQL, and not a file. */
export const isDatabase = (journal: string): boolean => /^postgres(ql)?:\/\//.test(journal)

/** A value with a scheme that is none of ours is a mistake, and no file of that name. What it is is not told: there may be a password in it. */
const journal = Config.mapOrFail(Config.withDefault(path("journal"), defaults.journal), (text) => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme === undefined) return Either.right(text)
  if (!isDatabase(text))
    return refuse("journal", `${scheme}:// is no journal; name a file, or postgres://host/database`)
  return URL.canParse(text)
    ? Either.right(text)
    : refuse("journal", "is no URL; write postgres://user@host:port/database")
})

const url = Config.string("otlpUrl").pipe(
  Config.mapOrFail((text) => {
    const mistake = traceUrlMistake(text)
    return mistake === undefined ? Either.right(text) : refuse("otlpUrl", mistake)
  }),
  Config.option
)

const level = Config.string("logLevel").pipe(
  Config.withDefault("info"),
  Config.mapOrFail((text) => {
    const found = logLevels.find((name) => name === text)
    return found === undefined
      ? refuse("logLevel", `'${text}' is no level; use one of ${logLevels.join(", ")}`)
      : Either.right(found)
  })
)

/** Read from every source at once: all mistakes are found. */
export const settings = Config.all({
  listen,
  journal,
  tlsCert: file("tlsCert"),
  tlsKey: file("tlsKey"),
  readTokens: file("readTokens"),
  operateTokens: file("operateTokens"),
  /** A file with the secret that agents ask for. */
  agentToken: file("agentToken"),
  /** A PEM file with the authorities that sign for agents. */
  agentCa: file("agentCa"),
  /** A JSON file with what agents have of their own, by address. */
  agentAccess: file("agentAccess"),
  otlpUrl: url,
  logLevel: level,
  graceSeconds: whole("graceSeconds", defaults.graceSeconds, 0, 3600),
  bodyKib: whole("bodyKib", defaults.bodyKib, 1, 16_384),
  connections: whole("connections", defaults.connections, 1, 65_535),
  /** A folder with the console; `none`: it is not served. */
  console: file("console"),
  /** 0: everything is kept. */
  historyDays: whole("historyDays", defaults.historyDays, 0, 3650)
})
export type Settings = Config.Config.Success<typeof settings>

/**
 * Where the coordinator is and what it is shown: from options, before the environment, before the file, as the coordinator reads its own settings. Every
 * mistake is found and named before anything is asked.
 */
import { type Problem, problem, problemLines, problemsOf } from "@stopcopy/service"
import { readJson } from "@stopcopy/service/process"
import { Either, Option, Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { Misuse } from "../Outcome.ts"

/** Where the coordinator listens if nobody says otherwise. */
const defaultCoordinator = "http://127.0.0.1:7700"

/** The options of every operator command. */
export interface ConnectionOptions {
  readonly coordinator: Option.Option<string>
  readonly tokenFile: Option.Option<string>
  readonly caFile: Option.Option<string>
  readonly config: Option.Option<string>
}

/** What a connection is made with. */
export interface Settings {
  /** An origin: `http://127.0.0.1:7700`. */
  readonly baseUrl: string
  readonly token: string | undefined
  /** Certificates that are trusted besides those of Node, as PEM. */
  readonly ca: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** A value with where it stands. */
interface Given {
  readonly where: string
  readonly value: string
  /** A path is relative to this folder. */
  readonly folder: string
}

const text = Schema.optionalWith(Schema.NonEmptyString, { exact: true })
const File = Schema.Struct({ coordinator: text, token: text, tokenFile: text, caFile: text })
type File = typeof File.Type

const names = ["coordinator", "token", "tokenFile", "caFile"] as const
type Name = (typeof names)[number]

const variables: Readonly<Record<Name, string>> = {
  coordinator: "STOPCOPY_COORDINATOR",
  token: "STOPCOPY_TOKEN",
  tokenFile: "STOPCOPY_TOKEN_FILE",
  caFile: "STOPCOPY_CA_FILE"
}
const configVariable = "STOPCOPY_CONFIG"

/** The file that is read if nobody names one, and if it is there. */
const usualConfig = (environment: Environment): string =>
  join(environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config"), "stopcopy/config.json")

type Read<A> = Either.Either<A, ReadonlyArray<Problem>>

const decodeFile = Schema.decodeUnknownEither(File, { errors: "all", onExcessProperty: "error" })

/** The file, and the path by which it was found. */
const readFile = (
  config: Option.Option<string>,
  environment: Environment
): Read<readonly [path: string, file: File]> => {
  const usual = usualConfig(environment)
  const named = Option.getOrUndefined(config) ?? environment[configVariable]
  const path = named ?? usual
  if (named === undefined && !existsSync(usual)) return Either.right([usual, {}])
  const option = Option.isSome(config) ? "--config" : configVariable
  return Either.flatMap(readJson(option, path), (json) =>
    Either.mapBoth(decodeFile(json), {
      onLeft: (error) => problemsOf(`${path} `, error),
      onRight: (file) => [path, file] as const
    })
  )
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

const readText = ({ folder, value, where }: Given): Read<string> =>
  Either.try({
    try: () => readFileSync(resolve(folder, value), "utf8"),
    catch: (thrown) => [problem(`${where} ${value}`, `cannot be read (${messageOf(thrown)}); name a file that can`)]
  })

/** Words that may stand in a header. */
const tokenPattern = /^[\x21-\x7e]+$/

const checkToken = (where: string, token: string): Read<string> =>
  tokenPattern.test(token)
    ? Either.right(token)
    : Either.left([
        problem(where, "is no token: it is printable, without spaces, as in the token file of the coordinator")
      ])

/** The first token of a file in the coordinator's form: `SECRET` or `NAME SECRET` on a line; # begins a comment. */
const tokenInFile = (given: Given): Read<string> =>
  Either.flatMap(readText(given), (content) => {
    const line = content.split("\n").find((each) => each.trim() !== "" && !each.trim().startsWith("#"))
    const where = `${given.where} ${given.value}`
    return line === undefined
      ? Either.left([problem(where, "has no token; put one on a line of its own")])
      : checkToken(where, line.trim().split(/\s+/).at(-1) ?? "")
  })

const isLocal = (hostname: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)

/** An address as an origin; `http://` may be left out. */
const originOf = ({ value, where }: Pick<Given, "value" | "where">): Read<string> => {
  const full = value.includes("://") ? value : `http://${value}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  const isOrigin =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.pathname}${url.search}${url.hash}${url.username}` === "/"
  return isOrigin
    ? Either.right(url.origin)
    : Either.left([
        problem(where, `'${value}' is no address of a coordinator; write http://HOST:PORT or https://HOST:PORT`)
      ])
}

/** The one that goes first: options, environment, file. */
const firstOf = (sources: ReadonlyArray<Partial<Record<Name, Given>>>, name: Name): Given | undefined =>
  sources.find((source) => source[name] !== undefined)?.[name]

/** A token and a file with one from the same source: which of them is meant? */
const tokenOf = (sources: ReadonlyArray<Partial<Record<Name, Given>>>): Read<string | undefined> => {
  const source = sources.find(({ token, tokenFile }) => token !== undefined || tokenFile !== undefined)
  const { token, tokenFile } = source ?? {}
  if (token !== undefined && tokenFile !== undefined) {
    return Either.left([problem(token.where, `and ${tokenFile.where} are both given; leave one out`)])
  }
  if (tokenFile !== undefined) return tokenInFile(tokenFile)
  return token === undefined ? Either.right(undefined) : checkToken(token.where, token.value)
}

const sourcesOf = (
  { caFile, coordinator, tokenFile }: ConnectionOptions,
  environment: Environment,
  [path, file]: readonly [path: string, file: File]
): ReadonlyArray<Partial<Record<Name, Given>>> => {
  const gather = (value: (name: Name) => string | undefined, where: (name: Name) => string, folder: string) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const found = value(name)
        return found === undefined || found === "" ? [] : [[name, { where: where(name), value: found, folder }]]
      })
    )
  const options: Readonly<Partial<Record<Name, Option.Option<string>>>> = { coordinator, tokenFile, caFile }
  const optionOf = (name: Name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return [
    gather((name) => Option.getOrUndefined(options[name] ?? Option.none()), optionOf, "."),
    gather(
      (name) => environment[variables[name]],
      (name) => variables[name],
      "."
    ),
    gather(
      (name) => file[name],
      (name) => `${path} .${name}`,
      dirname(path)
    )
  ]
}

/** A secret is not sent over a network in clear text. */
const checkClear = ({ baseUrl, token }: Settings, where: string): ReadonlyArray<Problem> => {
  const { hostname, protocol } = new URL(baseUrl)
  return token === undefined || protocol === "https:" || isLocal(hostname)
    ? []
    : [problem(where, `${baseUrl} is not this machine, and the token would be sent in clear text; use https://`)]
}

/** The settings, or everything that is wrong with them. */
export const settingsOf = (options: ConnectionOptions, environment: Environment): Either.Either<Settings, Misuse> => {
  const read = Either.flatMap(readFile(options.config, environment), (file): Read<Settings> => {
    const sources = sourcesOf(options, environment, file)
    const address = firstOf(sources, "coordinator") ?? { where: "the default", value: defaultCoordinator }
    const caFile = firstOf(sources, "caFile")
    const [baseUrl, token] = [originOf(address), tokenOf(sources)]
    const ca = caFile === undefined ? Either.right(undefined) : readText(caFile)
    if (Either.isLeft(baseUrl) || Either.isLeft(token) || Either.isLeft(ca)) {
      return Either.left([baseUrl, token, ca].flatMap((each) => (Either.isLeft(each) ? each.left : [])))
    }
    const settings = { baseUrl: baseUrl.right, token: token.right, ca: ca.right }
    const clear = checkClear(settings, address.where)
    return clear.length === 0 ? Either.right(settings) : Either.left(clear)
  })
  return Either.mapLeft(read, (problems) => new Misuse({ message: problemLines(problems) }))
}

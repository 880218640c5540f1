/** What an emulator is to host and where, from options and a file together. Every mistake is found before anything is started. */
import { Either, Schema } from "effect"
import { join } from "node:path"
import { type Serving, servingOf } from "@stopcopy/agent/options"
import { type Config, readConfig } from "./ConfigFile.ts"
import { describe, type PfDescription } from "./PfDescription.ts"
import { PfEntry } from "./PfEntry.ts"
import { parsePf, parseSla, type RawEntry, type RawSla } from "./PfFlag.ts"
import { pathBytes } from "../hosting/Places.ts"
import { type Problem, problem, problemsOf, traceUrlMistake } from "@stopcopy/service"

/** What `serve` was told. An option that stands in the file too counts as given here. */
export interface ServeOptions {
  readonly config: string | undefined
  readonly pfs: ReadonlyArray<string>
  readonly slas: ReadonlyArray<string>
  readonly host: string | undefined
  readonly socketDir: string | undefined
  readonly journal: string | undefined
  readonly agent: string | undefined
  readonly tokenFile: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly insecure: boolean
  readonly noDescriptors: boolean
  readonly drainSeconds: number | undefined
  readonly otlpUrl: string | undefined
}

export interface Plan {
  /** None: those that the journal has. */
  readonly pfs: ReadonlyArray<PfDescription>
  /** What the agent calls this host. */
  readonly host: string
  readonly socketDir: string
  readonly journal: string
  readonly agent: Serving
  readonly messagesOnly: boolean
  /** How long banks may take to drain when the emulator ends. */
  readonly drainMillis: number
  /** Where spans are sent; none: nowhere. */
  readonly otlpUrl: string | undefined
}

const defaultDrainSeconds = 5
const mostDrainSeconds = 3600

const nothing: Config = { pfs: [] }

const decodeEntry = Schema.decodeUnknownEither(PfEntry)

/** An entry with the SLAs that were given for it by options. */
const withSlas = ({ value, where }: RawEntry, slas: ReadonlyArray<RawSla>): RawEntry => {
  const own = slas.filter(({ pf }) => pf === value["name"]).map((sla) => sla.value)
  const given = value["slas"]
  return own.length === 0
    ? { where, value }
    : { where, value: { ...value, slas: [...(Array.isArray(given) ? given : []), ...own] } }
}

const describeRaw = ({ value, where }: RawEntry): Either.Either<PfDescription, ReadonlyArray<Problem>> => {
  const decoded = decodeEntry(value, { errors: "all", onExcessProperty: "error" })
  return Either.isLeft(decoded) ? Either.left(problemsOf(where, decoded.left)) : describe(where, decoded.right)
}

const twice = (entries: ReadonlyArray<RawEntry>): ReadonlyArray<Problem> =>
  entries.flatMap(({ value, where }, index) => {
    const first = entries.findIndex((other) => other.value["name"] === value["name"])
    return first === index ? [] : [problem(where, `there is a PF ${String(value["name"])} already; name each once`)]
  })

const unknownPfs = (slas: ReadonlyArray<RawSla>, entries: ReadonlyArray<RawEntry>): ReadonlyArray<Problem> =>
  slas
    .filter(({ pf }) => !entries.some(({ value }) => value["name"] === pf))
    .map(({ pf, where }) => problem(where, `no PF is called ${pf}; describe it with --pf`))

const tooLong = (socketDir: string, { name, vfs }: PfDescription): ReadonlyArray<Problem> => {
  const path = join(socketDir, name, `vf${vfs - 1}.sock`)
  const bytes = Buffer.byteLength(path)
  return bytes <= pathBytes
    ? []
    : [
        problem(
          `--socket-dir ${socketDir}`,
          `${path} has ${bytes} bytes, a socket's path at most ${pathBytes}; use a shorter folder`
        )
      ]
}

const traceProblems = (where: string, url: string): ReadonlyArray<Problem> => {
  const mistake = traceUrlMistake(url)
  return mistake === undefined ? [] : [problem(where, mistake)]
}

/** Gathers what is right, and notes what is wrong. */
class Gathering {
  readonly problems: Array<Problem> = []
  /** The file of --config could not be read: what is missing may stand there. */
  private unread = false

  /** The file, or nothing. */
  config(path: string | undefined): Config {
    if (path === undefined) return nothing
    const [config] = this.take(readConfig(path))
    this.unread = config === undefined
    return config ?? nothing
  }

  take<A>(result: Either.Either<A, ReadonlyArray<Problem>>): ReadonlyArray<A> {
    if (Either.isRight(result)) return [result.right]
    this.problems.push(...result.left)
    return []
  }

  all<A>(results: ReadonlyArray<Either.Either<A, ReadonlyArray<Problem>>>): ReadonlyArray<A> {
    return results.flatMap((result) => this.take(result))
  }

  /** An option that must be there, in the file or as an option. */
  needed(option: string, value: string | undefined): string {
    if (value === undefined && !this.unread)
      this.problems.push(problem(option, "is missing; give it, or set it in the file of --config"))
    return value ?? ""
  }
}

/** The plan, or everything that is wrong with what was asked for. */
export const plan = (options: ServeOptions): Either.Either<Plan, ReadonlyArray<Problem>> => {
  const gathering = new Gathering()
  const config = gathering.config(options.config)
  const slas = gathering.all(options.slas.map(parseSla))
  const parsed = options.pfs.map(parsePf)
  const entries = [...config.pfs, ...parsed.flatMap(({ entry }) => (entry === undefined ? [] : [entry]))]
  gathering.problems.push(
    ...parsed.flatMap(({ problems }) => problems),
    ...twice(entries),
    ...unknownPfs(slas, entries)
  )
  const pfs = gathering.all(entries.map((entry) => describeRaw(withSlas(entry, slas))))
  const socketDir = gathering.needed("--socket-dir", options.socketDir ?? config.socketDir)
  gathering.problems.push(...pfs.flatMap((pf) => tooLong(socketDir, pf)))
  const journal = gathering.needed("--journal", options.journal ?? config.journal)
  const agentText = gathering.needed("--agent", options.agent ?? config.agent)
  const access = {
    agent: agentText,
    tokenFile: options.tokenFile ?? config.agentTokenFile,
    certificate: { cert: options.tlsCert ?? config.agentTlsCert, key: options.tlsKey ?? config.agentTlsKey },
    insecure: options.insecure || config.agentInsecure === true
  }
  const [agent] = agentText === "" ? [] : gathering.take(servingOf(access))
  const otlpUrl = options.otlpUrl ?? config.otlpUrl
  if (otlpUrl !== undefined) gathering.problems.push(...traceProblems("--otlp-url", otlpUrl))
  const drainSeconds = options.drainSeconds ?? config.drainSeconds ?? defaultDrainSeconds
  if (!(drainSeconds >= 0 && drainSeconds <= mostDrainSeconds)) {
    gathering.problems.push(problem(`--drain-seconds ${drainSeconds}`, `is not 0 to ${mostDrainSeconds}; give so many`))
  }
  if (gathering.problems.length > 0 || agent === undefined) return Either.left(gathering.problems)
  return Either.right({
    pfs,
    host: options.host ?? config.host ?? "emulator",
    socketDir,
    journal,
    agent,
    messagesOnly: options.noDescriptors || config.descriptors === false,
    drainMillis: Math.round(drainSeconds * 1000),
    otlpUrl
  })
}

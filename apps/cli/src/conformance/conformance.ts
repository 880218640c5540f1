/** `stopcopy conformance SOCKET`: the clauses of vfio-user against any server, one line each. */
import { FileSystem } from "@effect/platform/FileSystem"
import { type Accept, makeClient } from "@stopcopy/vfio-user"
import { type Clause, clauses, type Report, type Result, run, type Target } from "@stopcopy/vfio-user/conformance"
import { loadLibc, makeKitDescriptors, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Either, Logger, LogLevel, Option } from "effect"
import { statSync } from "node:fs"
import { dirname } from "node:path"
import { plural } from "../Columns.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { misuse, Misuse, negative, Negative } from "../Outcome.ts"
import { junitOf } from "./Junit.ts"
import { qatWorkload } from "./QatWorkload.ts"

/** How long a server may take for a reply: what QEMU's client gives it. */
const replyMillis = 5000

export interface ConformanceOptions {
  readonly socket: Option.Option<string>
  readonly only: ReadonlyArray<string>
  readonly list: boolean
  readonly json: boolean
  readonly junit: Option.Option<string>
}

/** Whether a name is meant: the whole of it, or the groups it begins with. */
const isMeant = (name: string, wanted: string): boolean => name === wanted || name.startsWith(`${wanted}.`)

/** The clauses of these names and groups; all if none is named. */
const chosen = (only: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Clause>, Misuse> => {
  const unknown = only.filter((wanted) => !clauses.some(({ name }) => isMeant(name, wanted)))
  if (unknown.length > 0) {
    const groups = [...new Set(clauses.map(({ name }) => name.split(".", 1)[0]))].join(", ")
    return new Misuse({
      message: `--only ${unknown.join(", ")}: there is no such clause; use a name of --list, or a group: ${groups}`
    })
  }
  return Effect.succeed(
    only.length === 0 ? clauses : clauses.filter(({ name }) => only.some((wanted) => isMeant(name, wanted)))
  )
}

const clauseFields = ({ name, needs, rule, sources }: Clause) => ({ clause: name, rule, sources, needs })

const listLine = ({ name, needs, rule, sources }: Clause): string =>
  `${name}: ${rule}${needs.length === 0 ? "" : ` (needs ${needs.join(", ")})`} [${sources.join("; ")}]`

const words = { passed: "pass", failed: "FAIL", skipped: "skip" } as const

const resultLine = ({ clause: { name, rule, sources }, note, outcome }: Result): string =>
  `${words[outcome]}  ${name}: ${rule}${note === "" ? "" : `: ${note}`} [${sources.join("; ")}]`

const resultFields = ({ clause, millis, note, outcome }: Result) => ({ ...clauseFields(clause), outcome, note, millis })

const hex = (id: number): string => id.toString(16).padStart(4, "0")

const counted = ({ results }: Report, outcome: Result["outcome"]): number =>
  results.filter((result) => result.outcome === outcome).length

const summaryFields = (report: Report) => ({
  clauses: report.results.length,
  passed: counted(report, "passed"),
  failed: counted(report, "failed"),
  skipped: counted(report, "skipped"),
  device: `${hex(report.facts.vendor)}:${hex(report.facts.device)}`,
  left: report.left ?? null
})

const summaryLines = (report: Report): ReadonlyArray<string> => {
  const { clauses: all, device, failed, passed, skipped } = summaryFields(report)
  const how = report.left ?? "reset, and RUNNING if it can be migrated"
  return [`${plural(all, "clause")}: ${passed} passed, ${failed} failed, ${skipped} skipped; device ${device}: ${how}`]
}

/** How the server is reached: with descriptors where they can be passed. */
const targetOf = (path: string): Effect.Effect<Target> =>
  Effect.map(Effect.option(loadLibc), (loaded) => {
    const libc = Option.getOrUndefined(loaded)
    const transport = libc === undefined ? Transport.messages : Transport.descriptorsThrough(libc)
    return {
      connect: (accept) => Effect.mapError(transport.connect(path, accept), ({ message }) => message),
      descriptors: libc === undefined ? undefined : makeKitDescriptors(libc),
      replyMillis
    }
  })

/** Why nobody can be connected to at a path, and what to do. */
const notThere = (path: string, message: string): string => {
  const found = Either.try(() => statSync(path, { throwIfNoEntry: false }))
  const isOther = Either.isRight(found) && found.right !== undefined && !found.right.isSocket()
  return `${message}${isOther ? `: ${path} is no socket` : ""}; start a server there, or name its socket`
}

/**
 * A server that nobody can connect to is no answer about it. One that says nothing, or speaks something else, would fail every clause alike, each after a
 * long wait: it is said once.
 */
const reachable = (path: string): Effect.Effect<void, Misuse | Negative> => {
  const open = (accept: Accept) =>
    Effect.mapError(
      Transport.messages.connect(path, accept),
      ({ message }) => new Misuse({ message: notThere(path, message) })
    )
  const stranger = ({ message }: { readonly message: string }) =>
    negative({ message: `${path} is no vfio-user server: ${message}; name another socket` })
  return makeClient(open).pipe(
    Effect.scoped,
    Effect.asVoid,
    Effect.catchTags({ CallTimedOut: stranger, ProtocolViolation: stranger }),
    // Whatever else a server makes of a client, clauses tell.
    Effect.catchIf(
      (error) => error._tag !== "Misuse" && error._tag !== "Negative",
      () => Effect.void
    )
  )
}

/** A report that cannot be written is known before a server is touched. */
const checkReport = (path: string): Effect.Effect<void, Misuse, FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const folder = dirname(path)
    const refuse = (reason: string) => new Misuse({ message: `cannot write ${path}: ${reason}; name another file` })
    const info = yield* Effect.option(files.stat(path))
    if (Option.isSome(info) && info.value.type === "Directory") return yield* refuse("it is a folder")
    if (!(yield* Effect.orElseSucceed(files.exists(folder), () => false)))
      return yield* refuse(`there is no folder ${folder}`)
    const written = Option.isSome(info) ? path : folder
    yield* Effect.mapError(files.access(written, { writable: true }), () => refuse(`${written} cannot be written`))
  })

const writeJunit = (path: string, { results }: Report) =>
  Effect.gen(function* () {
    yield* (yield* FileSystem).writeFileString(path, junitOf(results))
  }).pipe(Effect.mapError((error) => misuse({ message: `cannot write ${path}: ${error.message}` })))

const verdict = (report: Report): Effect.Effect<void, Negative> => {
  const failed = counted(report, "failed")
  if (failed > 0) return new Negative({ message: `${plural(failed, "clause")} failed` })
  return report.left === undefined ? Effect.void : new Negative({ message: report.left })
}

const examine = (path: string, which: ReadonlyArray<Clause>, { json, junit }: ConformanceOptions) =>
  Effect.gen(function* () {
    if (Option.isSome(junit)) yield* checkReport(junit.value)
    const target = yield* targetOf(path)
    yield* reachable(path)
    const onResult = (result: Result) => printLines([json ? jsonLine(resultFields(result)) : resultLine(result)])
    const report = yield* run(target, { clauses: which, workloads: [qatWorkload], onResult })
    yield* printLines(json ? [jsonLine(summaryFields(report))] : summaryLines(report))
    if (Option.isSome(junit)) yield* writeJunit(junit.value, report)
    yield* verdict(report)
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))

/** Prints a line for each clause. Fails with `Negative` if one failed. */
export const conformance = (options: ConformanceOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  Effect.gen(function* () {
    const which = yield* chosen(options.only)
    if (options.list) {
      return yield* printLines(which.map((each) => (options.json ? jsonLine(clauseFields(each)) : listLine(each))))
    }
    if (Option.isNone(options.socket))
      return yield* new Misuse({ message: "name the socket of a server, or give --list" })
    return yield* examine(options.socket.value, which, options)
  })

/**
 * The SQLite journal of a process that ends, or stands still, at one of its own events: bundled in place of `@stopcopy/runtime/sqlite` into the programs that people
 * run. All else is theirs.
 *
 * K1 Whoever tests says by message what is to happen at which event; before the first event of the process, by its environment.
 * K2 A process ends by SIGKILL to itself, and stands still in a read that is answered when it is to go on, inside the call of its journal: before anything of the
 *    event is written, or when it is written, as durably as was asked for, and nobody in the process knows. So nothing of the process comes between the event and its end.
 * K3 Each event, and each standstill, is told on descriptor 3 before it, synchronously; what goes on is told so on descriptor 5.
 */
import { type AppendRequest, type Deferring, Journal, type Payload } from "@stopcopy/runtime"
import { layerSqlite as layerOfTheProgram, type SqliteOptions } from "@stopcopy/runtime/sqlite"
import { Context, Effect, Layer } from "effect"
import { readSync, writeSync } from "node:fs"
import type { Rule, Told } from "./Rule.ts"

export * from "@stopcopy/runtime/sqlite"

const guestTraffic: ReadonlySet<string> = new Set([
  ...(["RegisterWritten", "RequestsExecuted", "ResponsesPlaced", "OutcomeAmended"] as const),
  ...(["CoalescingElapsed", "InterruptRaised", "MailboxHandled"] as const)
])
/** What a fleet records of hosts has a pace of its own. */
const ofMigrations = /^(Migration|Retry|Cancel)/

const textOf = (payload: Payload): string => {
  if (typeof payload === "string") return payload
  return payload instanceof Uint8Array ? new TextDecoder().decode(payload) : payload.text()
}

/** The kind of a stream: `vf`, `epoch`, `file`, `migration`. */
const kindOf = (stream: string): string => (stream.includes("/file/") ? "file" : (stream.split("/")[0] ?? stream))

/** What an event is called; undefined if it is none of a migration. */
const nameOf = (kind: string, type: string, payload: Payload): string | undefined => {
  switch (kind) {
    case "vf":
      return guestTraffic.has(type) ? undefined : type
    case "file":
    case "pf":
      return type
    case "epoch": {
      const [, standing = ""] = /"standing":"([a-z]+)"/.exec(textOf(payload)) ?? []
      return `${type} ${standing}`
    }
    case "migration": {
      const [, step = ""] = type === "StepDone" ? (/"step":"([a-z]+)"/.exec(textOf(payload)) ?? []) : []
      return step === "" ? type : `${type} ${step}`
    }
    case "fleet":
      return ofMigrations.test(type) ? type : undefined
    default:
      return undefined
  }
}

/** The events of a batch that belong to a migration. */
const namesOf = ({ records, streams }: AppendRequest): ReadonlyArray<string> =>
  records.flatMap(({ payload, stream, type }) => {
    const name = nameOf(kindOf(streams[stream]?.stream ?? ""), type, payload)
    return name === undefined ? [] : [name]
  })

let rules: ReadonlyArray<Rule> = []
const seen = new Map<string, number>()

const tell = (told: Told): void => void writeSync(3, `${JSON.stringify(told)}\n`)

const obey = (next: ReadonlyArray<Rule>): void => {
  rules = next
  seen.clear()
}

/** Counts what a batch can be called by: itself, and each of its events. */
const counted = (names: ReadonlyArray<string>): ReadonlyMap<string, number> =>
  new Map(
    [...new Set([...names, names.join(", ")])].map((name) => {
      const nth = (seen.get(name) ?? 0) + 1
      seen.set(name, nth)
      return [name, nth] as const
    })
  )

const meet = (called: ReadonlyMap<string, number>, when: Rule["when"]): void => {
  for (const rule of rules) {
    const nth = called.get(rule.event)
    if (nth === undefined || rule.when !== when || (rule.nth !== undefined && rule.nth !== nth)) continue
    tell({ _tag: "Met", what: rule.what, does: rule.does })
    if (rule.does === "ends") process.kill(process.pid, "SIGKILL")
    else readSync(5, Buffer.alloc(1))
  }
}

/** A batch comes; gives what is to be done when it is written. */
const before = (names: ReadonlyArray<string>): (() => void) => {
  if (names.length === 0) return () => undefined
  const called = counted(names)
  const batch = names.join(", ")
  tell({ _tag: "Batch", batch, nth: called.get(batch) ?? 0 })
  meet(called, "before")
  return () => meet(called, "after")
}

const through = <A>(names: ReadonlyArray<string>, keep: () => A): A => {
  const after = before(names)
  const kept = keep()
  after()
  return kept
}

/** Commands that stand for their events: what these are is known without them. */
const lethalDeferring = ({ defer, knows }: Deferring): Deferring => ({
  knows,
  defer: (append) => through(namesOf(append.encode()), () => defer(append))
})

const lethal = (journal: Context.Tag.Service<Journal>): Context.Tag.Service<Journal> => ({
  ...journal,
  append: (request) =>
    Effect.suspend(() => {
      const after = before(namesOf(request))
      return Effect.tap(journal.append(request), () => Effect.sync(after))
    }),
  deferring: journal.deferring && lethalDeferring(journal.deferring),
  commitNow: (request) => through(namesOf(request), () => journal.commitNow(request)),
  commitTogether: (requests) => through(requests.flatMap(namesOf), () => journal.commitTogether(requests)),
  submit: (request, done) => {
    const after = before(namesOf(request))
    journal.submit(request, (outcome) => {
      after()
      done(outcome)
    })
  }
})

/** From the first event of the process on rules are in force. */
const listen = (): void => {
  obey(JSON.parse(process.env["STOPCOPY_TEST_RULES"] ?? "[]"))
  process.on("message", (next: ReadonlyArray<Rule>) => {
    obey(next)
    tell({ _tag: "Obeys" })
  })
  process.channel?.unref()
}

export const layerSqlite = (options: SqliteOptions): ReturnType<typeof layerOfTheProgram> => {
  listen()
  return Layer.map(layerOfTheProgram(options), (context) =>
    Context.add(context, Journal, lethal(Context.get(context, Journal)))
  )
}

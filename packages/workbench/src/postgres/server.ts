/**
 * A PostgreSQL server of its own, on a UNIX socket in a temporary folder: made in half a second, gone with the scope. A shell stands between
 * it and this process and holds the other end of a pipe: when this process dies, however it does, the shell stops the server and removes
 * the folder. With `STOPCOPY_POSTGRES_URL` in the environment that server is taken instead.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { NoServer, handOver, programsIn, run, unprivileged } from "./programs.ts"

export interface Server {
  readonly url: string
  /** None for a server that is not ours. */
  readonly control: Control | undefined
}

/** Power over our own server. */
export interface Control {
  /** Ends it at once, as if it had crashed: what is not in its log on disk is lost. */
  readonly crash: Effect.Effect<void>
  /** Starts it again; it recovers from its log. */
  readonly start: Effect.Effect<void, NoServer>
}

/** First line on the pipe: the signal for the server. The end of the pipe instead: nobody will need the folder any more. */
const shell = `folder=$1; shift; trap '' INT TERM HUP; "$@" & server=$!; signal=; read -r signal
kill -s "\${signal:-QUIT}" "$server"; wait "$server"; [ -n "$signal" ] || rm -rf "$folder"`

const settings = [
  "listen_addresses=",
  "max_connections=40",
  "shared_buffers=32MB",
  "log_checkpoints=off",
  // Recovery else begins with a sync of each of a thousand files, which a crash of the server alone does not need: a second.
  ...(process.platform === "linux" ? ["recovery_init_sync_method=syncfs"] : [])
]

/** One server that may be started several times over the same data. */
class OwnServer implements Control {
  private readonly folder: string
  private readonly programs: string
  private child: ChildProcess | undefined

  constructor(folder: string, programs: string) {
    this.folder = folder
    this.programs = programs
  }

  readonly start = Effect.tryPromise({
    try: () => this.launch(),
    catch: (thrown) => new NoServer({ reason: String(thrown) })
  })

  readonly crash = Effect.promise(() => this.end("QUIT"))

  readonly stop = Effect.promise(() => this.end("QUIT"))

  private async launch(): Promise<void> {
    const data = join(this.folder, "data")
    const server = [join(this.programs, "bin/postgres"), "-D", data, "-k", this.folder]
    const options = settings.flatMap((setting) => ["-c", setting])
    const child = spawn("sh", ["-c", shell, "sh", this.folder, ...server, ...options], {
      ...unprivileged,
      cwd: this.folder,
      stdio: ["pipe", "ignore", "pipe"]
    })
    this.child = child
    const log: Array<string> = []
    for await (const line of createInterface({ input: child.stderr })) {
      log.push(line)
      if (line.includes("ready to accept connections")) {
        child.stderr.resume()
        return
      }
      if (line.includes("database system is shut down") && line.includes("LOG")) break
    }
    await this.end("INT")
    throw new Error(`the server does not start: ${log.join(" ")}`)
  }

  private async end(signal: "INT" | "QUIT"): Promise<void> {
    const { child } = this
    if (child === undefined) return
    this.child = undefined
    const ended = once(child, "exit")
    child.stdin?.end(`${signal}\n`)
    await ended
  }
}

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = await mkdtemp(join(tmpdir(), "stopcopy-postgres-"))
    await handOver(folder)
    return folder
  }),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

const choices = "--username stopcopy --auth trust --encoding UTF8 --locale C --no-sync --no-instructions".split(" ")

const initialized = (folder: string, programs: string): Effect.Effect<void, NoServer> =>
  Effect.tryPromise({
    try: () =>
      run(join(programs, "bin/initdb"), ["--pgdata", join(folder, "data"), ...choices], {
        ...unprivileged,
        cwd: folder
      }),
    catch: (thrown) => new NoServer({ reason: String(thrown).replaceAll(/\s+/g, " ") })
  })

const own: Effect.Effect<Server, NoServer, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const programs = yield* programsIn(folder)
  yield* initialized(folder, programs)
  const control = new OwnServer(folder, programs)
  yield* Effect.acquireRelease(control.start, () => control.stop)
  return { url: `postgres://stopcopy@localhost/postgres?host=${encodeURIComponent(folder)}`, control }
})

/** A running server. Fails with the reason where there can be none. */
export const postgres: Effect.Effect<Server, NoServer, Scope.Scope> = Effect.suspend(() => {
  const url = process.env["STOPCOPY_POSTGRES_URL"]
  return url === undefined || url === "" ? own : Effect.succeed({ url, control: undefined })
})

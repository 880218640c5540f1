/** The emulator as people run it: bundled from these sources into a folder of its own, run as a process. */
import { assert } from "@effect/vitest"
import { Effect, Schema, type Scope } from "effect"
import { type ChildProcess, execFile, spawn, type StdioOptions } from "node:child_process"
import { readdirSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll } from "vitest"

const app = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const root = dirname(dirname(app))

/** Bundles with the project's own bundler, below the app, where its native modules are found. */
const bundle = async (): Promise<string> => {
  await mkdir(join(app, "dist"), { recursive: true })
  const folder = await mkdtemp(join(app, "dist/test-"))
  const entry = { source: "apps/emulator/src/main.ts", output: relative(root, join(folder, "main.js")) }
  const call = `import { bundle } from ${JSON.stringify(join(root, "scripts/bundle.mjs"))}
    process.exitCode = (await bundle(${JSON.stringify(root)}, ${JSON.stringify(entry)}, { executable: true })) ? 0 : 1`
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", call], { cwd: root })
  return folder
}

/** How long bundling may take, where everything else runs too. */
const bundleMillis = 60_000

/** How a process ended. */
interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What a process holds, in bytes, after its garbage was collected: `process.memoryUsage` of Node. */
const Usage = Schema.Struct({
  rss: Schema.Number,
  heapUsed: Schema.Number,
  /** Outside the heap, array buffers included. */
  external: Schema.Number
})
type Usage = typeof Usage.Type

/** Answers every message with what the process holds; keeps no process alive. */
const measuring = `process.on("message", () => { gc(); process.send(process.memoryUsage()) }); process.channel.unref()`
const measuringArgs = ["--expose-gc", "--import", `data:text/javascript,${encodeURIComponent(measuring)}`]

/** A process of the emulator. */
export class Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  private readonly output = { stdout: "", stderr: "" }
  private readonly waiting = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.child = child
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (data: Buffer) => {
        this.output[name] += data.toString()
        for (const look of this.waiting) look()
      })
    }
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject)
      child.on("close", (code, signal) => {
        resolve({ code, signal, ...this.output })
        for (const look of this.waiting) look()
      })
    })
  }

  get lines(): ReadonlyArray<string> {
    return this.output.stdout.split("\n").slice(0, -1)
  }

  get logs(): string {
    return this.output.stderr
  }

  /** Waits until `found` gives something for what was printed so far; fails with the end of the process. */
  until<A>(found: (running: this) => A | undefined): Effect.Effect<A> {
    return Effect.async<A>((resume) => {
      const look = (): void => {
        const value = found(this)
        if (value === undefined && this.child.exitCode === null && this.child.signalCode === null) return
        this.waiting.delete(look)
        resume(
          value === undefined
            ? Effect.dieMessage(`the emulator ended with ${this.child.exitCode}: ${this.output.stderr}`)
            : Effect.succeed(value)
        )
      }
      this.waiting.add(look)
      look()
    })
  }

  get ready(): Effect.Effect<void> {
    return this.until(({ lines }) => (lines.includes("ready") ? true : undefined))
  }

  /** Where the agent is: `http://127.0.0.1:PORT`. */
  get agent(): string {
    return this.lines.find((line) => line.startsWith("agent "))?.slice("agent ".length) ?? ""
  }

  /** What the process holds, if it was started to say so. */
  get usage(): Effect.Effect<Usage> {
    return Effect.async<Usage>((resume) => {
      this.child.once("message", (answer) => resume(Effect.orDie(Schema.decodeUnknown(Usage)(answer))))
      this.child.send("usage")
    })
  }

  /** Descriptors that the process has open. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length
  }

  /** Sends a signal, and waits for the end. */
  kill(signal: NodeJS.Signals): Effect.Effect<Ended> {
    return Effect.promise(() => {
      this.child.kill(signal)
      return this.ended
    })
  }
}

interface StartOptions {
  /** It says what memory it holds when it is asked. Default false. */
  readonly isMeasured?: boolean
}

export interface Program {
  /** Starts a process; it is killed with the scope. */
  readonly start: (args: ReadonlyArray<string>, options?: StartOptions) => Effect.Effect<Running, never, Scope.Scope>
  /** Runs one to its end. */
  readonly run: (args: ReadonlyArray<string>) => Effect.Effect<Ended>
  /** Starts one and waits until it is ready. */
  readonly serve: (args: ReadonlyArray<string>, options?: StartOptions) => Effect.Effect<Running, never, Scope.Scope>
}

/** The program for the tests of one file, gone after them. */
export const program = (): Program => {
  let folder = ""
  beforeAll(async () => {
    folder = await bundle()
  }, bundleMillis)
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const spawned = (args: ReadonlyArray<string>, { isMeasured = false }: StartOptions = {}): Running => {
    const node = isMeasured ? measuringArgs : []
    const stdio: StdioOptions = ["ignore", "pipe", "pipe", ...(isMeasured ? (["ipc"] as const) : [])]
    return new Running(spawn(process.execPath, [...node, join(folder, "main.js"), ...args], { stdio }))
  }
  const start: Program["start"] = (args, options) =>
    Effect.acquireRelease(
      Effect.sync(() => spawned(args, options)),
      (running) => running.kill("SIGKILL")
    )
  return {
    start,
    run: (args) => Effect.promise(() => spawned(args).ended),
    serve: (args, options) =>
      Effect.gen(function* () {
        const running = yield* start(["serve", ...args], options)
        yield* running.ready
        assert.notStrictEqual(running.agent, "")
        return running
      })
  }
}

/** A folder for the files of one test. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-emulator-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Where everything of an emulator lies. */
export interface Place {
  readonly path: string
  readonly journal: string
  readonly sockets: string
  readonly args: ReadonlyArray<string>
}

/** A place for an emulator, with the options that say so. */
export const place: Effect.Effect<Place, never, Scope.Scope> = Effect.map(folder, (path) => {
  const [journal, sockets] = [join(path, "journal.db"), join(path, "s")]
  return { path, journal, sockets, args: ["--journal", journal, "--socket-dir", sockets, "--agent", "127.0.0.1:0"] }
})

export const socketOf = ({ sockets }: Place, pf: string, vf: number): string => join(sockets, pf, `vf${vf}.sock`)

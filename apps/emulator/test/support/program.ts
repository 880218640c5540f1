/** The emulator as people run it: bundled from these sources into a folder of its own, run as a process. */
import { assert } from "@effect/vitest"
import { bundleApp, bundleMillis, type Ended, Running } from "@stopcopy/workbench"
import { Effect, Schema, type Scope } from "effect"
import { spawn, type StdioOptions } from "node:child_process"
import { readdirSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"

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
export class Emulator extends Running {
  /** Where the agent is: `http://127.0.0.1:PORT`. */
  get agent(): string {
    return this.said("agent")
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
}

interface StartOptions {
  /** It says what memory it holds when it is asked. Default false. */
  readonly isMeasured?: boolean
}

export interface Program {
  /** Starts a process; it is killed with the scope. */
  readonly start: (args: ReadonlyArray<string>, options?: StartOptions) => Effect.Effect<Emulator, never, Scope.Scope>
  /** Runs one to its end. */
  readonly run: (args: ReadonlyArray<string>) => Effect.Effect<Ended>
  /** Starts one and waits until it is ready. */
  readonly serve: (args: ReadonlyArray<string>, options?: StartOptions) => Effect.Effect<Emulator, never, Scope.Scope>
}

/** The program for the tests of one file, gone after them. */
export const program = (): Program => {
  let folder = ""
  beforeAll(async () => {
    folder = await bundleApp("emulator")
  }, bundleMillis)
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const spawnedWith = (args: ReadonlyArray<string>, { isMeasured = false }: StartOptions = {}): Emulator => {
    const node = isMeasured ? measuringArgs : []
    const stdio: StdioOptions = ["ignore", "pipe", "pipe", ...(isMeasured ? (["ipc"] as const) : [])]
    return new Emulator(spawn(process.execPath, [...node, join(folder, "main.js"), ...args], { stdio }))
  }
  const start: Program["start"] = (args, options) =>
    Effect.acquireRelease(
      Effect.sync(() => spawnedWith(args, options)),
      (running) => running.kill("SIGKILL")
    )
  return {
    start,
    run: (args) => Effect.promise(() => spawnedWith(args).ended),
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

/**
 * The processes of the benchmark: two emulators and a coordinator, each from its bundle, in a folder of their own that is gone afterwards. A probe that
 * is loaded into a process before its program answers over the channel of Node what it has in memory, after collecting its garbage, and how long it
 * has computed; it takes part in nothing else.
 */
import { Running } from "@stopcopy/workbench"
import { Effect, Schema, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** VFs of one PF: as many as a 4xxx has. */
export const vfsPerPf = 16

/** What a process says of itself; memory in bytes, times in milliseconds. */
const Probed = Schema.Struct({ rss: Schema.Number, heap: Schema.Number, cpu: Schema.Number })
export type Probed = typeof Probed.Type
const decode = Schema.decodeUnknownSync(Probed)

/** When the benchmark ends, however it does, its processes do. Two collections: what the first one finds only weakly reachable goes with the second. */
const probe = `process.on("message", () => {
  gc(); gc()
  const { rss, heapUsed: heap } = process.memoryUsage(), { user, system } = process.cpuUsage()
  process.send({ rss, heap, cpu: (user + system) / 1000 })
}); process.on("disconnect", () => process.exit(1)); process.channel.unref()`

/** One process of the benchmark. */
export class Process extends Running {
  /** As it is now. */
  readonly probed: Effect.Effect<Probed> = Effect.async<unknown>((resume) => {
    this.child.once("message", (message) => resume(Effect.succeed(message)))
    this.child.send("probe")
  }).pipe(Effect.map(decode))
}

const launch = (script: string, args: ReadonlyArray<string>): ChildProcess =>
  spawn(
    process.execPath,
    ["--expose-gc", `--import=data:text/javascript,${encodeURIComponent(probe)}`, script, ...args],
    { stdio: ["ignore", "pipe", "pipe", "ipc"] }
  )

/** A process that is ready; it is killed with the scope. */
const begun = (script: string, args: ReadonlyArray<string>): Effect.Effect<Process, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Process(launch(script, args))),
    (running) => running.kill("SIGKILL")
  ).pipe(Effect.tap(({ ready }) => ready))

/** An emulator with so many PFs of 16 VFs each. */
export const emulator = (folder: string, host: string, pfs: number): Effect.Effect<Process, never, Scope.Scope> =>
  Effect.suspend(() => {
    const own = join(folder, host)
    mkdirSync(own)
    const config = join(own, "emulator.json")
    const description = {
      host,
      socketDir: join(own, "s"),
      journal: join(own, "emulator.db"),
      agent: "127.0.0.1:0",
      pfs: Array.from({ length: pfs }, (_, pf) => ({
        name: `pf${pf}`,
        type: "4xxx",
        vfs: vfsPerPf,
        services: "sym;dc"
      }))
    }
    writeFileSync(config, JSON.stringify(description))
    return begun("apps/emulator/dist/main.js", ["serve", "--log-level", "warning", "--config", config])
  })

/** A coordinator that knows nothing yet. */
export const coordinator = (folder: string): Effect.Effect<Process, never, Scope.Scope> =>
  begun(
    "apps/coordinator/dist/main.js",
    `serve --listen 127.0.0.1:0 --log-level warning --journal ${join(folder, "coordinator.db")}`.split(" ")
  )

/** An app as people run it: bundled from its sources, run as a process, whose lines and end tests wait for. */
import { Effect, type Scope } from "effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { mkdir, mkdtemp } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** `apps/NAME` as people run it, made by the project's own bundler at `output`, in a folder below an app, where native modules are found. */
export const bundleAppAt = async (name: string, output: string): Promise<void> => {
  const entry = { source: `apps/${name}/src/main.ts`, output: relative(root, output) }
  const call = `import { bundleAt } from ${JSON.stringify(join(root, "scripts/bundle.mjs"))}
    process.exitCode = (await bundleAt(${JSON.stringify(root)}, ${JSON.stringify(entry)})) ? 0 : 1`
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", call], { cwd: root })
}

/** The same in a new folder below the app. Gives the folder, which has `main.js`; whoever asked removes it. */
export const bundleApp = async (name: string): Promise<string> => {
  const app = join(root, "apps", name)
  await mkdir(join(app, "dist"), { recursive: true })
  const folder = await mkdtemp(join(app, "dist/test-"))
  await bundleAppAt(name, join(folder, "main.js"))
  return folder
}

/** How long bundling may take where everything else runs too, in milliseconds. */
export const bundleMillis = 60_000

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A process of an app. */
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

  /** What was printed so far, without a line that is not whole. */
  get lines(): ReadonlyArray<string> {
    return this.output.stdout.split("\n").slice(0, -1)
  }

  get logs(): string {
    return this.output.stderr
  }

  /** What stands behind `word` on the line that begins with it; empty before there is one. */
  said(word: string): string {
    return this.lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? ""
  }

  /** Waits until `found` gives something for what was printed so far; dies with the end of the process. */
  until<A>(found: (running: this) => A | undefined): Effect.Effect<A> {
    return Effect.async<A>((resume) => {
      const look = (): void => {
        const value = found(this)
        if (value === undefined && this.child.exitCode === null && this.child.signalCode === null) return
        this.waiting.delete(look)
        resume(
          value === undefined
            ? Effect.dieMessage(`the process ended with ${this.child.exitCode}: ${this.output.stderr}`)
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

  /** Sends a signal, and waits for the end. */
  kill(signal: NodeJS.Signals): Effect.Effect<Ended> {
    return Effect.promise(() => {
      this.child.kill(signal)
      return this.ended
    })
  }
}

/** A process of the script, with these variables beside those of this process. */
export const spawned = (
  script: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {}
): Running =>
  new Running(
    spawn(process.execPath, [script, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment }
    })
  )

/** The same, killed with the scope. */
export const started = (
  ...[script, args, environment]: Parameters<typeof spawned>
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawned(script, args, environment)),
    (running) => running.kill("SIGKILL")
  )

/** The program as people run it, of these sources, in a folder of its own, run as a process. */
import { assert } from "@effect/vitest"
import { bundleAppAt } from "@stopcopy/workbench"
import { Schema } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const app = dirname(dirname(fileURLToPath(import.meta.url)))

/** How long bundling, and a run of what was bundled, may take where everything else runs too, in milliseconds. */
export const bundleMillis = 60_000

/** How a process ended. */
export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What is done to a running program of which this much has been printed. */
type Act = (child: ChildProcess, output: string) => void

export interface Program {
  /** A folder for the files of the tests; the working directory of every run. */
  readonly folder: string
  /** Runs `stopcopy` with these arguments and this standard input. */
  readonly run: (args: ReadonlyArray<string>, input?: string | Uint8Array) => Promise<Run>
  /** Runs `stopcopy` and sends it SIGINT with its first output. */
  readonly interrupt: (args: ReadonlyArray<string>) => Promise<Run>
  /** Runs `stopcopy` and does something, once, when a text has been seen in its output. */
  readonly whenSeen: (args: ReadonlyArray<string>, seen: string, act: Act) => Promise<Run>
  /** Runs a line of shell in which `stopcopy` is the program. */
  readonly shell: (line: string) => Promise<Run>
  /** Runs a line of shell in a terminal of 24 rows and 100 columns; each text is typed when the one before it has been seen. */
  readonly terminal: (line: string, typed: ReadonlyArray<readonly [seen: string, text: string]>) => Promise<Run>
  /** Deletes the folder. */
  readonly dispose: () => Promise<void>
}

const execute = (
  command: string,
  args: ReadonlyArray<string>,
  folder: string,
  input: string | Uint8Array = "",
  onOutput: Act = () => undefined
): Promise<Run> =>
  new Promise((resolve, reject) => {
    const { NO_COLOR: _, ...env } = process.env
    const child = spawn(command, args, { cwd: folder, env, stdio: "pipe" })
    const [stdout, stderr]: [Array<Buffer>, Array<Buffer>] = [[], []]
    child.stdout.on("data", (data: Buffer) => {
      stdout.push(data)
      onOutput(child, Buffer.concat(stdout).toString())
    })
    child.stderr.on("data", (data: Buffer) => stderr.push(data))
    // A program that does not read its input closes it: that is no failure of the test.
    child.stdin.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") reject(error)
    })
    child.on("error", reject)
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    )
    child.stdin.end(input)
  })

/** `script` of util-linux gives a command a terminal of its own. */
const inTerminal = (
  line: string,
  folder: string,
  typed: ReadonlyArray<readonly [seen: string, text: string]>
): Promise<Run> =>
  new Promise((resolve, reject) => {
    const { NO_COLOR: _, ...env } = process.env
    const all = ["-qec", `stty rows 24 cols 100; ${line}`, "/dev/null"]
    const child = spawn("script", all, { cwd: folder, env: { ...env, TERM: "xterm" } })
    const rest = [...typed]
    let [output, unseen] = ["", ""]
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString()
      unseen += data.toString()
      for (let next = rest[0]; next !== undefined && unseen.includes(next[0]); next = rest[0]) {
        unseen = ""
        rest.shift()
        child.stdin.write(next[1])
      }
    })
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, stdout: output, stderr: rest.map(([seen]) => seen).join(", ") }))
  })

/** A new folder below the app, where native dependencies are found. */
const bundleFolder = async (): Promise<string> => {
  await mkdir(join(app, "dist"), { recursive: true })
  return mkdtemp(join(app, "dist/test-"))
}

/** Bundles the services into the folder of a program, where it looks for them: as in a clone. */
export const bundleServicesBeside = (folder: string): Promise<unknown> =>
  Promise.all(["emulator", "coordinator"].map((name) => bundleAppAt(name, join(folder, name, "dist/main.js"))))

/** Where the program is, from the folder in which it runs. */
const scriptPath = "cli/dist/stopcopy.mjs"

/** Bundles the program. */
export const bundled = async (): Promise<Program> => {
  const folder = await bundleFolder()
  const script = join(folder, scriptPath)
  await bundleAppAt("cli", script)
  const prelude = `stopcopy() { '${process.execPath}' '${script}' "$@"; }\n`
  const once = (seen: string, act: Act): Act => {
    let isDone = false
    return (child, output) => {
      if (isDone || !output.includes(seen)) return
      isDone = true
      act(child, output)
    }
  }
  const whenSeen: Program["whenSeen"] = (args, seen, act) =>
    execute(process.execPath, [script, ...args], folder, "", once(seen, act))
  return {
    folder,
    run: (args, input) => execute(process.execPath, [script, ...args], folder, input),
    interrupt: (args) => whenSeen(args, "", (child) => void child.kill("SIGINT")),
    whenSeen,
    shell: (line) => execute("sh", ["-c", `${prelude}${line}`], folder),
    terminal: (line, typed) => inTerminal(`${prelude}${line}`, folder, typed),
    dispose: () => rm(folder, { recursive: true, force: true })
  }
}

/** Exit code 2, nothing on standard output, one line on standard error that says `reason`. */
export const assertMisuse = ({ code, stderr, stdout }: Run, reason: string): void => {
  assert.deepStrictEqual([code, stdout], [2, ""])
  assert.match(stderr, /^[^\n]+\n$/)
  assert.include(stderr, reason)
}

const Manifest = Schema.parseJson(Schema.Struct({ version: Schema.String }))
/** The version in a package.json. */
export const versionIn = (manifest: string): string => Schema.decodeSync(Manifest)(manifest).version

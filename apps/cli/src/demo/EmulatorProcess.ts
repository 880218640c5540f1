/**
 * A process of `stopcopy-emulator`: started with its files and devices, ready when it says so, ended with SIGTERM. What it prints is described in
 * `apps/emulator/README.md`: a line for each socket, one for its agent, then `ready`.
 *
 * P1 A process never outlives its scope, nor this process unless that is killed by SIGKILL.
 * P2 It has a process group of its own: Ctrl-C in a terminal is this program's alone, which ends its processes in order.
 */
import { Data, Deferred, Duration, Effect, FiberId, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { withoutControls } from "../Lines.ts"

/** A process that could not be started, or did not end as it should. */
export class EmulatorFailed extends Data.TaggedError("EmulatorFailed")<{
  /** Which of them, for people. */
  readonly name: string
  readonly reason: string
}> {
  override get message(): string {
    return `the ${this.name} emulator ${this.reason}`
  }
}

export interface EmulatorProcess {
  readonly name: string
  readonly pid: number
  /** Where its agent is, as it prints it. */
  readonly agent: string
  /** Fails when it ends without having been asked to. */
  readonly died: Effect.Effect<never, EmulatorFailed>
  /** Asks it to end and waits for that. Fails unless it ends with exit code 0. */
  readonly stop: Effect.Effect<void, EmulatorFailed>
}

interface EmulatorOptions {
  readonly name: string
  /** The file that Node runs. */
  readonly program: string
  readonly args: ReadonlyArray<string>
}

/** How long starting and ending may take. */
const startTime = Duration.seconds(15)
const endTime = Duration.seconds(8)

/** The most that is kept of what a process prints, in characters. */
const keptCharacters = 16 * 1024
const shownCharacters = 300

/** How it ended, in words. */
interface Ended {
  readonly isWell: boolean
  readonly how: string
}

/** The line of an output that says most: the last one that is no part of a stack. */
const lastWord = (output: string): string => {
  const lines = output.split("\n").map((line) => withoutControls(line).trim())
  const said = lines.filter((line) => line !== "" && !line.startsWith("at ") && !line.startsWith("Node.js v"))
  const last = said.findLast((line) => /error/i.test(line)) ?? said.at(-1)
  return last === undefined ? "" : `: ${last.slice(0, shownCharacters)}`
}

class Child {
  readonly ended = Deferred.unsafeMake<Ended>(FiberId.none)
  readonly ready = Deferred.unsafeMake<string>(FiberId.none)
  isAsked = false
  private readonly child: ChildProcess
  private readonly name: string
  private readonly output = { stdout: "", stderr: "" }
  private readonly onExit = (): void => this.signal("SIGKILL")

  constructor({ args, name, program }: EmulatorOptions) {
    this.name = name
    this.child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true })
    process.on("exit", this.onExit)
    for (const kind of ["stdout", "stderr"] as const) {
      this.child[kind]?.on("data", (data: Buffer) => {
        this.output[kind] = `${this.output[kind]}${data.toString()}`.slice(-keptCharacters)
        if (kind === "stdout") this.look()
      })
    }
    this.child.on("error", ({ message }) => this.end({ isWell: false, how: `could not be started: ${message}` }))
    this.child.on("close", (code, signal) => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      this.end({ isWell: code === 0, how: `${how}${code === 0 ? "" : lastWord(this.output.stderr)}` })
    })
  }

  private look(): void {
    const lines = this.output.stdout.split("\n").slice(0, -1)
    const agent = lines.find((line) => line.startsWith("agent "))?.slice("agent ".length)
    if (agent !== undefined && lines.includes("ready")) Deferred.unsafeDone(this.ready, Effect.succeed(agent))
  }

  private end(ended: Ended): void {
    process.off("exit", this.onExit)
    Deferred.unsafeDone(this.ended, Effect.succeed(ended))
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  failed(reason: string): EmulatorFailed {
    return new EmulatorFailed({ name: this.name, reason })
  }

  /** Fails when it ends on its own; waits for ever once it was asked to end. */
  readonly died: Effect.Effect<never, EmulatorFailed> = Effect.flatMap(Deferred.await(this.ended), ({ how }) =>
    this.isAsked ? Effect.never : Effect.fail(this.failed(how))
  )

  /** Asks it to end; by force, if it takes too long. */
  readonly stop: Effect.Effect<void, EmulatorFailed> = Effect.suspend(() => {
    if (!this.isAsked) this.signal("SIGTERM")
    this.isAsked = true
    const late = Effect.suspend(() => {
      this.signal("SIGKILL")
      return Effect.fail(this.failed(`did not end within ${Duration.format(endTime)} of SIGTERM and was killed`))
    })
    const ended = Deferred.await(this.ended).pipe(
      Effect.timeoutOption(endTime),
      Effect.flatMap((found) => (found._tag === "None" ? late : Effect.succeed(found.value)))
    )
    return Effect.flatMap(ended, ({ how, isWell }) => (isWell ? Effect.void : this.failed(how)))
  })
}

/** Starts a process and waits until it is ready. It is ended with the scope. */
export const startEmulator = (options: EmulatorOptions): Effect.Effect<EmulatorProcess, EmulatorFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => new Child(options)),
      ({ stop }) => Effect.ignore(stop)
    )
    const agent = yield* Effect.raceFirst(Deferred.await(child.ready), child.died).pipe(
      Effect.timeoutFail({
        duration: startTime,
        onTimeout: () => child.failed(`was not ready within ${Duration.format(startTime)}`)
      })
    )
    return { name: options.name, pid: child.pid, agent, died: child.died, stop: child.stop }
  })

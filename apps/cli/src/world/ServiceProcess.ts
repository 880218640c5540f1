/**
 * A process of a service of ours, `stopcopy-emulator` or `stopcopy-coordinator`: started with its files, ready when it says so, ended with SIGTERM. Both print a
 * line with their address, then `ready`.
 *
 * P1 A process never outlives its scope, nor this process: its standard input ends with this one, however that ends.
 * P2 It has a process group of its own: Ctrl-C in a terminal is this program's alone, which ends its processes in order.
 * P3 What is set for other programs of ours in the environment is not meant for it.
 */
import { Data, Deferred, Duration, Effect, FiberId, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { withoutControls } from "../Lines.ts"

/** A process that could not be started, or did not end as it should. */
export class ServiceFailed extends Data.TaggedError("ServiceFailed")<{
  /** Which of them, for people: `the coordinator`. */
  readonly name: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.name} ${this.reason}`
  }
}

export interface ServiceProcess {
  readonly name: string
  readonly pid: number
  /** Where it answers, as it prints it. */
  readonly address: string
  /** Fails when it ends without having been asked to. */
  readonly died: Effect.Effect<never, ServiceFailed>
  /** Asks it to end and waits for that. Fails unless it ends with exit code 0. */
  readonly stop: Effect.Effect<void, ServiceFailed>
}

interface ServiceOptions {
  readonly name: string
  /** The word before the address. */
  readonly says: "agent" | "api"
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

/** The environment without our own variables. */
const foreign = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("STOPCOPY_")))

class Child {
  readonly ended = Deferred.unsafeMake<Ended>(FiberId.none)
  readonly ready = Deferred.unsafeMake<string>(FiberId.none)
  isAsked = false
  private readonly child: ChildProcess
  private readonly name: string
  private readonly says: string
  private readonly output = { stdout: "", stderr: "" }
  private readonly onExit = (): void => this.signal("SIGKILL")

  constructor({ args, name, program, says }: ServiceOptions) {
    this.name = name
    this.says = `${says} `
    this.child = spawn(process.execPath, [program, ...args, "--until-stdin-ends"], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      env: foreign(process.env)
    })
    // It may have ended already.
    this.child.stdin?.on("error", () => undefined)
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
    const address = lines.find((line) => line.startsWith(this.says))?.slice(this.says.length)
    if (address !== undefined && lines.includes("ready")) Deferred.unsafeDone(this.ready, Effect.succeed(address))
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

  failed(reason: string): ServiceFailed {
    return new ServiceFailed({ name: this.name, reason })
  }

  /** Fails when it ends on its own; waits for ever once it was asked to end. */
  readonly died: Effect.Effect<never, ServiceFailed> = Effect.flatMap(Deferred.await(this.ended), ({ how }) =>
    this.isAsked ? Effect.never : Effect.fail(this.failed(how))
  )

  /** Asks it to end; by force, if it takes too long. */
  readonly stop: Effect.Effect<void, ServiceFailed> = Effect.suspend(() => {
    if (!this.isAsked) this.signal("SIGTERM")
    this.isAsked = true
    const late = Effect.suspend(() => {
      this.signal("SIGKILL")
      return Effect.fail(this.failed(`did not end within ${Duration.format(endTime)} of SIGTERM and was killed`))
    })
    // Also where it ends with a scope, and nothing can be interrupted, it is not waited for without end.
    const ended = Effect.interruptible(Deferred.await(this.ended)).pipe(
      Effect.timeoutOption(endTime),
      Effect.flatMap((found) => (found._tag === "None" ? late : Effect.succeed(found.value)))
    )
    return Effect.flatMap(ended, ({ how, isWell }) => (isWell ? Effect.void : this.failed(how)))
  })
}

/** Starts a process and waits until it is ready. It is ended with the scope. */
export const startService = (options: ServiceOptions): Effect.Effect<ServiceProcess, ServiceFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => new Child(options)),
      ({ stop }) => Effect.ignore(stop)
    )
    const address = yield* Effect.raceFirst(Deferred.await(child.ready), child.died).pipe(
      Effect.timeoutFail({
        duration: startTime,
        onTimeout: () => child.failed(`was not ready within ${Duration.format(startTime)}`)
      })
    )
    return { name: options.name, pid: child.pid, address, died: child.died, stop: child.stop }
  })

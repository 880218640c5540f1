/** A guest whose device's process is killed at random moments, and started again over the same journal and memory. */
import { assert } from "@effect/vitest"
import { Ledger, ledgerOf, Vf } from "@stopcopy/qat"
import { ActorSystem, deciderOf, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, Logger, LogLevel } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundled } from "@stopcopy/workbench"
import { randomFrom } from "../support/Fuzz.ts"
import { attachDevice } from "../support/guest/Device.ts"
import { fileDma, FileMemory } from "../support/guest/FileMemory.ts"
import { Jobs } from "../support/guest/Jobs.ts"
import { type Attached, RingPair } from "../support/guest/RingPair.ts"
import { Workload } from "../support/guest/Workload.ts"
import { serveDevice } from "./crash.child.ts"

const memoryBytes = 1 << 21

/** The device's process as the guest sees it: a write that is not answered before the process dies is made again in the next. */
class Remote {
  private child: ChildProcess | undefined
  private readonly waiting = new Map<number, { readonly message: object; readonly done: () => void }>()
  private next = 0
  private readonly start: () => ChildProcess
  lives = 0

  constructor(start: () => ChildProcess) {
    this.start = start
  }

  /** Starts the process; those that wait are written again, in their order, as soon as it listens. */
  begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = this.start()
      this.child = child
      this.lives++
      child.on("error", reject)
      child.on("exit", (code) =>
        code === null ? undefined : reject(new Error(`the device's process ended with ${code}`))
      )
      child.on("message", (message) => {
        if (typeof message === "number") {
          this.waiting.get(message)?.done()
          this.waiting.delete(message)
          return
        }
        for (const { message: again } of this.waiting.values()) child.send(again)
        resolve()
      })
    })
  }

  /** Ends it as a power switch would, and waits until it is gone. */
  kill(): Promise<void> {
    const { child } = this
    return new Promise((resolve) => {
      if (child === undefined) return resolve()
      child.once("exit", () => resolve())
      child.kill("SIGKILL")
      this.child = undefined
    })
  }

  write(offset: number, value: number): Promise<void> {
    const id = this.next++
    const message = { id, offset, value }
    return new Promise((done) => {
      this.waiting.set(id, { message, done })
      this.child?.send(message)
    })
  }
}

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-engine-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const pause = (turns: number) =>
  Effect.repeatN(
    Effect.async<void>((resume) => {
      setImmediate(() => resume(Effect.void))
    }),
    turns
  )

/** A guest at work over `kills` kills of its device's process; what its ledger and its journal say at the end. */
export const killings = (kills: number, seed: number) =>
  Effect.gen(function* () {
    const script = yield* bundled(
      "engine",
      `import { ${serveDevice.name} as serve } from "./crash.child.ts"; await serve(process.argv[2], process.argv[3])`,
      import.meta.dirname
    )
    const path = yield* folder
    const [journal, memoryFile] = [join(path, "journal.db"), join(path, "memory")]
    const memory = new FileMemory(memoryFile, memoryBytes)
    const random = randomFrom(seed)
    const remote = new Remote(() =>
      fork(script, [journal, memoryFile], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
    )
    yield* Effect.promise(() => remote.begin())
    const attached: Attached = {
      memory,
      interrupts: () => 0,
      driver: { writeRegister: (_, offset, value) => Effect.promise(() => remote.write(offset, value)) }
    }
    const lanes = [0, 1, 2, 3].map((bank) => ({
      pair: new RingPair(attached, bank),
      kind: bank % 2 === 0 ? ("compression" as const) : ("symmetric" as const),
      waitsForInterrupts: false
    }))
    const workload = new Workload(attached, new Jobs(memory, 96, random), random, lanes)
    yield* workload.setup
    for (let kill = 0; kill < kills; kill++) {
      const until = workload.submitted + 1 + random(120)
      while (workload.submitted < until) yield* workload.step
      yield* pause(random(30))
      yield* Effect.promise(() => remote.kill())
      yield* Effect.promise(() => remote.begin())
    }
    while (workload.inFlight > 0) {
      yield* workload.take
      yield* pause(1)
    }
    yield* Effect.promise(() => remote.kill())
    assert.strictEqual(remote.lives, kills + 1)
    const findings = yield* Effect.gen(function* () {
      // The last kill may have come before the record of what the guest has taken: the next engine makes up for it.
      const { driver } = yield* attachDevice("17", yield* fileDma(memoryFile))
      yield* driver.vf.until(({ device }) => device?.banks.every(({ unplaced }) => unplaced === null) === true)
      yield* Verify.verify()
      return Ledger.audit(yield* ledgerOf(["vf/17:00.1"]), workload.accounts)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.provideMerge(
          ActorSystem.layer,
          layerSqlite({ file: journal, tapes: true, deciders: [deciderOf(Vf.behavior)] })
        )
      )
    )
    memory.close()
    return { findings, submitted: workload.submitted }
  }).pipe(
    Effect.tapErrorCause((cause) => Effect.logError(`killings with seed ${seed}`, cause)),
    Logger.withMinimumLogLevel(LogLevel.Warning)
  )

/** A program whose process ends at an event: bundled with the journal of `LethalJournal.ts`, started, told what to do, started again. */
import { assert } from "@effect/vitest"
import * as sqlite from "@stopcopy/runtime/sqlite"
import { bundled, bundleMillis, Running } from "@stopcopy/workbench"
import { Effect, Exit, Queue, Schema, Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { Writable } from "node:stream"
import { afterAll, beforeAll } from "vitest"
import * as substitute from "./LethalJournal.ts"
import type { Rule, Told } from "./Rule.ts"

const What = Schema.Literal("kill", "cancel", "drain")
const Does = Schema.Literal("ends", "stands")
const Line: Schema.Schema<Told, Told> = Schema.Union(
  Schema.TaggedStruct("Batch", { batch: Schema.String, nth: Schema.Int }),
  Schema.TaggedStruct("Met", { what: What, does: Does }),
  Schema.TaggedStruct("Obeys", {})
)
const decode = Schema.decodeUnknownSync(Schema.parseJson(Line))

/** One life of a program. */
class Lethal extends Running {
  /** What it has recorded since it was given rules. */
  readonly batches: Array<{ readonly batch: string; readonly nth: number }> = []
  /** What it stands still for, each time that it does. */
  readonly stands = Effect.runSync(Queue.unbounded<Rule["what"]>())
  /** Rules that it has met. */
  readonly met = new Set<Rule["what"]>()
  private readonly going: Writable
  private obeyed = 0
  private readonly obeying = new Set<() => void>()

  constructor(child: ChildProcess) {
    super(child)
    // Node's types know of five.
    const going: unknown = Array.from<unknown>(child.stdio)[5]
    this.going = going instanceof Writable ? going : assert.fail("the process has descriptor 5")
    // One that has ended does not hear it.
    this.going.on("error", () => undefined)
    let rest = ""
    child.stdio[3]?.on("data", (data: Buffer) => {
      const lines = `${rest}${data.toString()}`.split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) this.heard(decode(line))
    })
  }

  private heard(told: Told): void {
    switch (told._tag) {
      case "Batch":
        this.batches.push({ batch: told.batch, nth: told.nth })
        return
      case "Met":
        this.met.add(told.what)
        if (told.does === "stands") Queue.unsafeOffer(this.stands, told.what)
        return
      case "Obeys":
        this.obeyed++
        for (const look of this.obeying) look()
    }
  }

  /** From now on these rules are in force, and events are counted anew. */
  obey(rules: ReadonlyArray<Rule>): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const before = this.obeyed
      const look = (): void => {
        if (this.obeyed === before) return
        this.obeying.delete(look)
        resume(Effect.void)
      }
      this.obeying.add(look)
      this.batches.length = 0
      this.met.clear()
      this.child.send([...rules])
    })
  }

  /** What stands still goes on. */
  readonly goOn = Effect.sync(() => void this.going.write("\n"))
}

/** A program that is started again on the same arguments. */
export class Mortal {
  life: Lethal
  private readonly spawned: (rules: ReadonlyArray<Rule>) => Lethal
  /** In force from the first event of every further life. */
  private readonly rules: ReadonlyArray<Rule>
  private coming = Effect.unsafeMakeLatch(false)

  constructor(spawned: (rules: ReadonlyArray<Rule>) => Lethal, rules: ReadonlyArray<Rule>) {
    this.spawned = spawned
    this.rules = rules
    this.life = spawned(rules)
  }

  /** Waits for the end of its life, which must be a SIGKILL, and begins the next. */
  get diesOnce(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      const { ended } = this.life
      const { signal, stderr } = yield* Effect.promise(() => ended)
      assert.strictEqual(signal, "SIGKILL", stderr)
      this.life = this.spawned(this.rules)
      this.coming.unsafeOpen()
      this.coming = Effect.unsafeMakeLatch(false)
      yield* this.life.ready
    })
  }

  /** Waits until there is another life than this. */
  another(life: Lethal): Effect.Effect<void> {
    return Effect.suspend(() => (this.life === life ? this.coming.await : Effect.void))
  }
}

interface Program {
  /** Started and ready; killed with the scope, whichever life it is in. */
  readonly serve: (
    args: ReadonlyArray<string>,
    rules?: ReadonlyArray<Rule>
  ) => Effect.Effect<Mortal, never, Scope.Scope>
}

const apps = join(import.meta.dirname, "../../..")

/** The program of an app, for the tests of one file. */
export const lethalProgram = (app: "coordinator" | "emulator"): Program => {
  const scope = Effect.runSync(Scope.make())
  let script = ""
  beforeAll(async () => {
    // Whatever the program takes of the module is there.
    assert.containsAllKeys(substitute, Object.keys(sqlite))
    const main = JSON.stringify(join(apps, app, "src/main.ts"))
    const substitutes = { "@stopcopy/runtime/sqlite": join(import.meta.dirname, "LethalJournal.ts") }
    const made = bundled(`lethal-${app}`, `import ${main}`, import.meta.dirname, substitutes)
    script = await Effect.runPromise(Scope.extend(made, scope))
  }, bundleMillis)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return {
    serve: (args, rules = []) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const spawned = (inForce: ReadonlyArray<Rule>) =>
            new Lethal(
              spawn(process.execPath, [script, "serve", ...args], {
                stdio: ["ignore", "pipe", "pipe", "pipe", "ipc", "pipe"],
                env: { ...process.env, STOPCOPY_TEST_RULES: JSON.stringify(inForce) }
              })
            )
          return new Mortal(spawned, rules)
        }),
        (mortal) => Effect.suspend(() => mortal.life.kill("SIGKILL"))
      ).pipe(Effect.tap(({ life }) => life.ready))
  }
}

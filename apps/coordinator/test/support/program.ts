/** The coordinator as people run it: bundled from these sources, run as a process. */
import { bundleApp, bundleMillis, type Ended, type Running, started } from "@stopcopy/workbench"
import { Effect, type Scope } from "effect"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"

type Environment = Readonly<Record<string, string>>

interface Program {
  /** Runs one to its end. */
  readonly run: (args: ReadonlyArray<string>, environment?: Environment) => Effect.Effect<Ended>
  /** Starts one and waits until it is ready; it is killed with the scope. */
  readonly serve: (args: ReadonlyArray<string>, environment?: Environment) => Effect.Effect<Running, never, Scope.Scope>
}

/** The program for the tests of one file, gone after them. */
export const program = (): Program => {
  let folder = ""
  beforeAll(async () => {
    folder = await bundleApp("coordinator")
  }, bundleMillis)
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const script = () => join(folder, "main.js")
  return {
    run: (args, environment) =>
      Effect.scoped(
        Effect.flatMap(
          Effect.suspend(() => started(script(), args, environment)),
          ({ ended }) => Effect.promise(() => ended)
        )
      ),
    serve: (args, environment) =>
      Effect.tap(
        Effect.suspend(() => started(script(), ["serve", ...args], environment)),
        ({ ready }) => ready
      )
  }
}

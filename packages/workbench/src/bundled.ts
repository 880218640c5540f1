/** A child process's script as one file, below this package so that it finds native modules; gone with the scope. */
import { Effect, type Scope } from "effect"
import { build } from "esbuild"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"

/** Bundles TypeScript `contents`, whose imports are relative to the folder `from`; the path of the script. */
export const bundled = (name: string, contents: string, from: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const folder = join(import.meta.dirname, "../dist/children")
      await mkdir(folder, { recursive: true })
      const outfile = join(folder, `${name}-${process.pid}.mjs`)
      await build({
        stdin: { contents, resolveDir: from, loader: "ts" },
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        conditions: ["@stopcopy/source"],
        external: ["better-sqlite3", "koffi"]
      })
      return outfile
    }),
    (outfile) => Effect.promise(() => rm(outfile, { force: true }))
  )

/** A child process's script as one file, below this package so that it finds native modules; gone with the scope. */
import { Effect } from "effect"
import { build } from "esbuild"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"

/** Bundles TypeScript `contents`, whose imports are relative to the tests; the path of the script. */
export const bundled = (name: string, contents: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const folder = join(import.meta.dirname, "../dist/children")
      await mkdir(folder, { recursive: true })
      const outfile = join(folder, `${name}-${process.pid}.mjs`)
      await build({
        stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        conditions: ["@stopcopy/source"],
        external: ["better-sqlite3"]
      })
      return outfile
    }),
    (outfile) => Effect.promise(() => rm(outfile, { force: true }))
  )

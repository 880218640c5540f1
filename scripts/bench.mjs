/**
 * Benchmarks: every `bench/NAME.ts` of a package or app, bundled and run in a process of its own. What it is made of lies
 * in `bench/NAME/`; `bench/NAME/competitors` names what only this benchmark compares with, and is installed when it first runs.
 */
// @ts-check
import { existsSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { bundle } from "./bundle.mjs"
import { runNode } from "./run.mjs"
import { pnpm } from "./setup.mjs"
import { digest, filesBelow, isFresh, keep, workspaceFolders } from "./stamp.mjs"

/**
 * @typedef {object} Bench
 * @property {string} name
 * @property {string} source relative to the root
 * @property {string} output below the package whose native dependencies a benchmark may need
 */

/** The package with native dependencies: journals in files. */
const natives = "packages/runtime"

/**
 * @param {string} root
 * @returns {Array<Bench>}
 */
const benches = (root) =>
  workspaceFolders(root).flatMap((folder) =>
    filesBelow(root, `${folder}/bench`)
      .filter((source) => dirname(source) === `${folder}/bench` && source.endsWith(".ts"))
      .map((source) => {
        const name = basename(source, ".ts")
        return { name, source, output: join(natives, "dist/bench", `${name}.mjs`) }
      })
  )

/**
 * Installs what only `bench` compares with, if that is named and not there yet. Where it fails the benchmark runs all the same, and says which
 * rows are missing.
 * @param {string} root
 * @param {Bench} bench
 */
const installCompetitors = async (root, { name, source }) => {
  const folder = join(dirname(source), name, "competitors")
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"].map((file) => join(folder, file))
  if (!existsSync(join(root, folder, "package.json"))) return
  const path = join(root, folder, "node_modules/.stopcopy")
  const stamp = digest(root, files, [process.version, process.platform, process.arch])
  if (isFresh(path, stamp)) return
  console.error(
    `Installing what ${name} compares with (the first time takes a minute or two: a binding is compiled) ...`
  )
  const { code, output } = await pnpm(join(root, folder), root, [
    "install",
    "--frozen-lockfile",
    "--reporter=append-only"
  ])
  if (code === 0) keep(path, stamp)
  else
    console.error(
      `${output.trimEnd().split("\n").slice(-5).join("\n")}\nIt could not be installed: rows will be missing.`
    )
}

/**
 * Runs the benchmark named by the first argument with the other arguments, or all of them if there is none.
 * Exit code 2 if there is no such benchmark.
 * @param {string} root
 * @param {ReadonlyArray<string>} args
 * @returns {Promise<number>}
 */
export const runBenches = async (root, [name, ...args]) => {
  const all = benches(root)
  const names = all.map((bench) => bench.name).join(", ")
  const chosen = name === undefined ? all : all.filter((bench) => bench.name === name)
  if (chosen.length === 0) {
    console.error(`There is no benchmark ${name ?? "yet"}; choose one of: ${names === "" ? "(none)" : names}.`)
    return 2
  }
  if (name === undefined) console.error(`Benchmarks: ${names}`)
  let worst = 0
  for (const bench of chosen) {
    await installCompetitors(root, bench)
    const bundled = await bundle(root, bench, { executable: false })
    worst = Math.max(worst, bundled ? await runNode(["--expose-gc", bench.output, ...args], root) : 1)
  }
  return worst
}

/** Benchmarks: every `bench/NAME.ts` of a package or app, bundled beside its package and run in a process of its own. */
// @ts-check
import { basename, join } from "node:path"
import { bundle } from "./bundle.mjs"
import { runNode } from "./run.mjs"
import { filesBelow, workspaceFolders } from "./stamp.mjs"

/**
 * @typedef {object} Bench
 * @property {string} name
 * @property {string} source relative to the root
 * @property {string} output in the package's `dist`, from where the package's native dependencies resolve
 */

/**
 * @param {string} root
 * @returns {Array<Bench>}
 */
const benches = (root) =>
  workspaceFolders(root).flatMap((folder) =>
    filesBelow(root, `${folder}/bench`)
      .filter((source) => source.endsWith(".ts"))
      .map((source) => {
        const name = basename(source, ".ts")
        return { name, source, output: join(folder, "dist/bench", `${name}.mjs`) }
      })
  )

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
    const bundled = await bundle(root, bench, { executable: false })
    worst = Math.max(worst, bundled ? await runNode(["--expose-gc", bench.output, ...args], root) : 1)
  }
  return worst
}

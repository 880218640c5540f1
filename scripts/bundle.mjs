/**
 * Bundles what people run: every `apps/*` and `packages/*` that has a `src/main.ts` becomes one file in its `dist`,
 * straight from the TypeScript sources. One file instead of hundreds of modules is what makes a process start quickly.
 */
// @ts-check
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs"
import { basename, dirname, extname, join } from "node:path"
import { build } from "esbuild"
import { digest, filesBelow, isFresh, keep, workspaceFolders } from "./stamp.mjs"

/** Native modules cannot be bundled: they are resolved at run time, from the folder of the bundle. */
export const external = ["better-sqlite3", "koffi"]

/**
 * CommonJS dependencies call `require` for Node's own modules, which an ES module does not have.
 * The name is ours, so that it cannot clash with an import of the bundled code.
 */
const requireBanner =
  'import { createRequire as stopcopyRequire } from "node:module"; const require = stopcopyRequire(import.meta.url);'

/**
 * @typedef {object} Entry
 * @property {string} source relative to the root
 * @property {string} output relative to the root
 */

/**
 * Everything that has a `src/main.ts`. The bundle is named by `bin` in its package.json, or after its folder.
 * @param {string} root
 * @returns {Array<Entry>}
 */
export const entries = (root) =>
  workspaceFolders(root)
    .filter((folder) => existsSync(join(root, folder, "src/main.ts")))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
      const [bin] = Object.values(manifest.bin ?? {})
      return {
        source: join(folder, "src/main.ts"),
        output: join(folder, typeof bin === "string" ? bin : `dist/${basename(folder)}.mjs`)
      }
    })

/**
 * Bundles one entry for Node 20.19. Resolves with false after printing the reason, if it failed.
 * @param {string} root
 * @param {Entry} entry
 * @param {{ readonly executable: boolean }} options
 * @returns {Promise<boolean>}
 */
export const bundle = (root, entry, { executable }) => {
  // Names of chunks carry a hash: those of an older bundle would stay for ever.
  rmSync(join(root, dirname(entry.output), "chunks"), { recursive: true, force: true })
  return build({
    absWorkingDir: root,
    entryPoints: [{ in: entry.source, out: basename(entry.output, extname(entry.output)) }],
    outdir: dirname(entry.output),
    outExtension: { ".js": extname(entry.output) },
    bundle: true,
    // What a command imports when it runs is a file of its own, read only then.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    format: "esm",
    target: "node20.19",
    conditions: ["@stopcopy/source"],
    external,
    minifySyntax: true,
    minifyWhitespace: true,
    // Node prints the line of an uncaught error: keep lines short.
    lineLimit: 160,
    sourcemap: true,
    legalComments: "none",
    logLevel: "warning",
    banner: { js: executable ? `#!/usr/bin/env node\n${requireBanner}` : requireBanner }
  }).then(
    () => true,
    (/** @type {unknown} */ error) => {
      // esbuild has printed each error with its place by now; the first line of its summary is enough.
      console.error(`Bundling ${entry.source} failed: ${String(error).split("\n")[0]}`)
      return false
    }
  )
}

/**
 * The stamp of all bundles: changes with any source, package.json, tsconfig, dependency, or with this file.
 * @param {string} root
 */
const bundleStamp = (root) => {
  const folders = workspaceFolders(root)
  const sources = folders.flatMap((folder) => [
    ...filesBelow(root, `${folder}/src`),
    `${folder}/package.json`,
    `${folder}/tsconfig.json`
  ])
  return digest(root, ["pnpm-lock.yaml", "tsconfig.base.json", "scripts/bundle.mjs", ...sources], [])
}

/** @param {string} root */
const stampPath = (root) => join(root, "node_modules/.stopcopy/bundle")

/**
 * One app at another place, for its tests: copied where the bundles that people run are those of the present sources, bundled where they are not.
 * @param {string} root
 * @param {Entry} entry
 * @returns {Promise<boolean>}
 */
export const bundleAt = async (root, entry) => {
  const made = entries(root).find(({ source }) => source === entry.source)
  const isSame = made !== undefined && basename(made.output) === basename(entry.output)
  if (!isSame || !existsSync(join(root, made.output)) || !isFresh(stampPath(root), bundleStamp(root))) {
    return bundle(root, entry, { executable: true })
  }
  const [from, to] = [dirname(join(root, made.output)), dirname(join(root, entry.output))]
  const name = basename(made.output)
  // There are chunks only where something is imported when it is needed.
  const chunks = existsSync(join(from, "chunks")) ? ["chunks"] : []
  for (const each of [name, `${name}.map`, ...chunks]) {
    cpSync(join(from, each), join(to, each), { recursive: true })
  }
  return true
}

/**
 * Bundles every entry, if an input changed or an output is missing. Resolves with false if a bundle failed.
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export const bundleAll = async (root) => {
  const path = stampPath(root)
  const stamp = bundleStamp(root)
  const all = entries(root)
  if (isFresh(path, stamp) && all.every(({ output }) => existsSync(join(root, output)))) return true
  console.error(`Bundling ${all.map(({ output }) => output).join(", ")} ...`)
  const done = await Promise.all(all.map((entry) => bundle(root, entry, { executable: true })))
  if (done.includes(false)) return false
  keep(path, stamp)
  return true
}

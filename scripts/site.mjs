/** Builds the console: the static files below `apps/console/dist/site` that the coordinator serves. */
// @ts-check
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { runNode } from "./run.mjs"
import { digest, filesBelow, isFresh, keep, workspaceFolders } from "./stamp.mjs"

const folder = "apps/console"

/**
 * The stamp of the site: changes with any source of the workspace, with the page itself or with how it is built.
 * @param {string} root
 */
const siteStamp = (root) => {
  const sources = workspaceFolders(root)
    .filter((name) => name === folder || name.startsWith("packages/"))
    .flatMap((name) => [...filesBelow(root, `${name}/src`), `${name}/package.json`])
  const own = ["index.html", "vite.config.ts"]
    .map((name) => join(folder, name))
    .concat(filesBelow(root, `${folder}/public`))
  return digest(root, ["pnpm-lock.yaml", "scripts/site.mjs", ...own, ...sources], [])
}

/**
 * Builds the site, if an input changed or it is missing. Resolves with false if that failed; Vite has said why.
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export const buildSite = async (root) => {
  const path = join(root, "node_modules/.stopcopy/site")
  const stamp = siteStamp(root)
  if (isFresh(path, stamp) && existsSync(join(root, folder, "dist/site/index.html"))) return true
  console.error(`Building ${folder}/dist/site ...`)
  const vite = dirname(createRequire(join(root, folder, "package.json")).resolve("vite/package.json"))
  const config = join(root, folder, "vite.config.ts")
  const code = await runNode([join(vite, "bin/vite.js"), "build", "--config", config, "--logLevel", "warn"], root)
  if (code !== 0) return false
  keep(path, stamp)
  return true
}

/**
 * Installs the dependencies with the exact pnpm that `packageManager` names, through npx: neither pnpm nor corepack
 * has to be on the machine. Does nothing if nothing changed since the last installation.
 */
// @ts-check
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"
import { dirname, join } from "node:path"
import { digest, isFresh, keep, workspaceFolders } from "./stamp.mjs"

/**
 * @typedef {object} Manifest What set-up reads of the root package.json.
 * @property {string} packageManager
 * @property {{ readonly node: string }} engines
 */

/**
 * Reads the root package.json.
 * @param {string} root
 * @returns {Manifest}
 */
export const rootManifest = (root) => JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/**
 * The stamp of an installation: changes with the lockfile, any package.json, pnpm's settings, and with the Node that
 * native bindings were compiled for.
 * @param {string} root
 * @returns {string}
 */
export const installStamp = (root) => {
  const manifests = ["", ...workspaceFolders(root)].map((folder) => join(folder, "package.json"))
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", ...manifests]
  return digest(root, files, [process.version, process.platform, process.arch])
}

/**
 * Node's own headers, where they came with it (as in its archives and images): then compiling SQLite's binding downloads
 * nothing. Nothing if whoever runs this has said where they are, or if they are not there.
 * @param {string} execPath
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ readonly npm_config_nodedir?: string }}
 */
export const headers = (execPath, env) => {
  const prefix = dirname(dirname(execPath))
  if (env["npm_config_nodedir"] !== undefined || !existsSync(join(prefix, "include/node/node.h"))) return {}
  return { npm_config_nodedir: prefix }
}

/**
 * Whether a journal can be opened: the compiled binding loads, or this Node has a SQLite of its own.
 * @param {string} root
 * @returns {boolean}
 */
const hasSqlite = (root) => {
  if (isBuiltin("node:sqlite")) return true
  try {
    const Database = createRequire(join(root, "packages/runtime/package.json"))("better-sqlite3")
    new Database(":memory:").close()
    return true
  } catch {
    // Why it does not load is said by whoever needs it; here only whether to try again.
    return false
  }
}

/**
 * Runs the project's pnpm quietly in a folder; what it said comes back with its exit code.
 * @param {string} folder
 * @param {string} root whose package.json names the pnpm
 * @param {ReadonlyArray<string>} args
 * @returns {Promise<{ readonly code: number, readonly output: string }>}
 */
export const pnpm = (folder, root, args) =>
  new Promise((resolve, reject) => {
    // CI=true: pnpm never asks. A prompt would wait for ever behind a captured output.
    const env = { ...process.env, ...headers(process.execPath, process.env), CI: "true" }
    const command = ["--yes", rootManifest(root).packageManager, ...args]
    const windows = process.platform === "win32"
    const child = spawn("npx", command, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], shell: windows })
    let output = ""
    const collect = (/** @type {Buffer} */ chunk) => void (output += chunk.toString("utf8"))
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    child.once("error", reject)
    child.once("close", (code) => resolve({ code: code ?? 1, output }))
  })

/**
 * Whether every workspace folder that has dependencies has them installed: someone may have deleted a node_modules.
 * @param {string} root
 */
const isComplete = (root) =>
  workspaceFolders(root).every((folder) => {
    const manifest = readFileSync(join(root, folder, "package.json"), "utf8")
    return !/ependencies"/.test(manifest) || existsSync(join(root, folder, "node_modules"))
  })

/**
 * Installs if needed. Resolves with false, after printing pnpm's output, if the installation failed.
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export const install = async (root) => {
  const path = join(root, "node_modules/.stopcopy/install")
  const stamp = installStamp(root)
  if (isComplete(root) && isFresh(path, stamp)) return true
  const start = performance.now()
  console.error("Installing dependencies (the first time takes a minute or two: SQLite is compiled) ...")
  const { code, output } = await pnpm(root, root, ["install", "--frozen-lockfile", "--reporter=append-only"])
  if (code !== 0) {
    console.error(output)
    console.error(`Installation failed (exit code ${code}); the output of pnpm is above.`)
    return false
  }
  if (!hasSqlite(root)) await pnpm(root, root, ["rebuild", "better-sqlite3"])
  if (hasSqlite(root)) keep(path, stamp)
  else {
    console.error(
      `SQLite's binding could not be compiled for Node ${process.versions.node}: install python3, make and a C++ compiler, ` +
        "or use Node 22.13 or newer, which has SQLite itself. Without it there are no journal files; the next run tries again."
    )
  }
  console.error(`Installed in ${((performance.now() - start) / 1000).toFixed(0)} s.`)
  return true
}

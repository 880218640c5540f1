/**
 * Installs the dependencies with the exact pnpm that `packageManager` names, through npx: neither pnpm nor corepack
 * has to be on the machine. Does nothing if nothing changed since the last installation.
 */
// @ts-check
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
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
 * Runs pnpm quietly; what it said comes back with its exit code.
 * @param {string} root
 * @param {ReadonlyArray<string>} args
 * @returns {Promise<{ readonly code: number, readonly output: string }>}
 */
const pnpm = (root, args) =>
  new Promise((resolve, reject) => {
    // CI=true: pnpm never asks. A prompt would wait for ever behind a captured output.
    const env = { ...process.env, CI: "true" }
    const command = ["--yes", rootManifest(root).packageManager, ...args]
    const windows = process.platform === "win32"
    const child = spawn("npx", command, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], shell: windows })
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
  const { code, output } = await pnpm(root, ["install", "--frozen-lockfile", "--reporter=append-only"])
  if (code !== 0) {
    console.error(output)
    console.error(`Installation failed (exit code ${code}); the output of pnpm is above.`)
    return false
  }
  keep(path, stamp)
  console.error(`Installed in ${((performance.now() - start) / 1000).toFixed(0)} s.`)
  return true
}

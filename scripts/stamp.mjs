/** Stamps: a digest over the inputs of a step, kept beside its output, so that a step runs again only if they changed. */
// @ts-check
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

/**
 * The folders one level below `packages/`, `apps/` and `examples/` that hold a package.json, relative to `root`, sorted.
 * @param {string} root
 * @returns {Array<string>}
 */
export const workspaceFolders = (root) =>
  ["packages", "apps", "examples"].flatMap((group) =>
    (existsSync(join(root, group)) ? readdirSync(join(root, group)) : [])
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, "package.json")))
      .toSorted()
  )

/**
 * Every file below `folder`, relative to `root`, sorted; none if the folder does not exist.
 * @param {string} root
 * @param {string} folder relative to `root`
 * @returns {Array<string>}
 */
export const filesBelow = (root, folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .toSorted()
    : []

/**
 * SHA-256 (hex) over the names and contents of `files` and over `facts`. A missing file differs from an empty one.
 * @param {string} root
 * @param {ReadonlyArray<string>} files relative to `root`
 * @param {ReadonlyArray<string>} facts what else the step depends on
 * @returns {string}
 */
export const digest = (root, files, facts) => {
  const hash = createHash("sha256")
  for (const fact of facts) hash.update(JSON.stringify(["fact", fact]))
  for (const file of files) {
    const path = join(root, file)
    const content = existsSync(path) ? readFileSync(path) : undefined
    hash.update(JSON.stringify(["file", file, content?.byteLength ?? null]))
    if (content !== undefined) hash.update(content)
  }
  return hash.digest("hex")
}

/**
 * Whether the stamp at `path` holds exactly `value`.
 * @param {string} path
 * @param {string} value
 */
export const isFresh = (path, value) => existsSync(path) && readFileSync(path, "utf8") === value

/**
 * Keeps `value` at `path`.
 * @param {string} path
 * @param {string} value
 */
export const keep = (path, value) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, value)
}

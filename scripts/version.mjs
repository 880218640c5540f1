/** Is this Node new enough? Compares with `engines.node` of the root package.json, before anything is installed. */
// @ts-check

/**
 * The parts of a version or of a range `>=a.b`; a missing part is 0.
 * @param {string} text
 * @returns {[number, number, number]}
 */
const parts = (text) => {
  const [major, minor, patch] = text.replace(/^(>=|v)/, "").split(".")
  return [Number.parseInt(major ?? "0", 10), Number.parseInt(minor ?? "0", 10), Number.parseInt(patch ?? "0", 10)]
}

/**
 * What is wrong with `version` in one line, or undefined if it satisfies `range`. Only ranges `>=x.y` are understood.
 * @param {string} version as `process.versions.node` gives it
 * @param {string} range as `engines.node` gives it
 * @returns {string | undefined}
 */
export const nodeProblem = (version, range) => {
  const have = parts(version)
  const need = parts(range)
  for (const index of /** @type {const} */ ([0, 1, 2])) {
    if (have[index] > need[index]) return undefined
    if (have[index] < need[index]) {
      return `Node ${version} is too old: this project needs Node ${range}. Install a newer one from https://nodejs.org.`
    }
  }
  return undefined
}

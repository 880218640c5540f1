/**
 * The last line of `.ci/run`: `N passed, N failed` over the gate's checks and the tests. A step that ended badly without
 * a report, or whose report names no failure, counts as one failure. Arguments: the exit codes of the gate and of the
 * tests. Exit code 1 if anything failed.
 */
// @ts-check
import { existsSync, readFileSync } from "node:fs"

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 */

/**
 * The counts of one step: those of its report, and at least one failure if the exit code is not 0 or nothing ran.
 * @param {number} exitCode
 * @param {Counts | undefined} report undefined if the step left none
 * @returns {Counts}
 */
export const stepCounts = (exitCode, report) => {
  const { passed, failed } = report ?? { passed: 0, failed: 0 }
  const bad = exitCode !== 0 || report === undefined || passed + failed === 0
  return { passed, failed: bad ? Math.max(failed, 1) : failed }
}

/**
 * @param {string} path
 * @returns {Record<string, number> | undefined}
 */
const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined)

/** @param {ReadonlyArray<string>} codes */
const main = ([gateCode, testCode]) => {
  const gate = read(".cache/verify.json")
  const tests = read(".cache/vitest.json")
  const steps = [
    stepCounts(Number(gateCode), gate && { passed: gate["passed"] ?? 0, failed: gate["failed"] ?? 0 }),
    stepCounts(
      Number(testCode),
      tests && { passed: tests["numPassedTests"] ?? 0, failed: tests["numFailedTests"] ?? 0 }
    )
  ]
  const passed = steps.reduce((sum, step) => sum + step.passed, 0)
  const failed = steps.reduce((sum, step) => sum + step.failed, 0)
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

if (import.meta.filename === process.argv[1]) process.exitCode = main(process.argv.slice(2))

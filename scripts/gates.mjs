/** The gate: every check in turn, all of them even if one fails, then one line per check. */
// @ts-check
import { join } from "node:path"
import { runNode } from "./run.mjs"
import { keep } from "./stamp.mjs"

/** The tools' own JavaScript entry points: they run without a shell and without pnpm. */
export const tools = {
  vitest: "node_modules/vitest/vitest.mjs",
  tsc: "node_modules/typescript/bin/tsc",
  prettier: "node_modules/prettier/bin/prettier.cjs",
  oxlint: "node_modules/oxlint/bin/oxlint"
}

/**
 * The checks in order, each with the commands that must all succeed.
 * @type {Readonly<Record<string, ReadonlyArray<ReadonlyArray<string>>>>}
 */
const checks = {
  format: [[tools.prettier, "--check", "--log-level=warn", "."]],
  lint: [[tools.oxlint, "--deny-warnings"]],
  // The root tsconfig.json references every package and the project of all tests, scripts and benchmarks.
  types: [[tools.tsc, "-b"]],
  floors: [[tools.vitest, "run", "test/floors.test.ts"]],
  tidy: [[tools.vitest, "run", "test/tidy.test.ts"]],
  tests: [[tools.vitest, "run"]]
}

/**
 * Runs the named checks, or all, and keeps the counts in `.cache/verify.json`. Exit code 1 if any failed.
 * @param {string} root
 * @param {ReadonlyArray<string>} names
 * @returns {Promise<number>}
 */
export const verify = async (root, names) => {
  const unknown = names.find((name) => !(name in checks))
  if (unknown !== undefined) {
    console.error(`There is no check ${unknown}; choose among: ${Object.keys(checks).join(", ")}.`)
    return 2
  }
  const lines = []
  let failed = 0
  const chosen = names.length === 0 ? Object.keys(checks) : names
  for (const name of chosen) {
    console.log(`== ${name}`)
    const start = performance.now()
    let ok = true
    for (const command of checks[name] ?? []) ok = (await runNode(command, root)) === 0 && ok
    if (!ok) failed += 1
    lines.push(
      `${name.padEnd(8)} ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${ok ? "ok" : "FAILED"}`
    )
  }
  console.log(`\n${lines.join("\n")}`)
  keep(join(root, ".cache/verify.json"), JSON.stringify({ passed: chosen.length - failed, failed }))
  return failed === 0 ? 0 : 1
}

/**
 * The one way in: `node scripts/start.mjs COMMAND [args...]`. Sets up whatever is missing or has changed, then runs the
 * command. Until the installation is done only Node's own modules may be imported here.
 */
// @ts-check
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { runNode } from "./run.mjs"
import { install, rootManifest } from "./setup.mjs"
import { nodeProblem } from "./version.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Modules that need the installed dependencies are imported when they are there.
 * @type {Readonly<Record<string, (args: ReadonlyArray<string>) => Promise<number>>>}
 */
const commands = {
  start: (args) => runNode(["apps/cli/dist/stopcopy.mjs", "start", ...args], root),
  demo: (args) => runNode(["apps/cli/dist/stopcopy.mjs", "demo", ...args], root),
  vectors: (args) => runNode(["packages/vectors/dist/vectors.mjs", ...args], root),
  test: async (args) => runNode([(await import("./gates.mjs")).tools.vitest, "run", ...args], root),
  soak: async (args) =>
    runNode([(await import("./gates.mjs")).tools.vitest, "run", "--config", "vitest.soak.config.ts", ...args], root),
  screenshots: async (args) =>
    runNode(
      [(await import("./gates.mjs")).tools.vitest, "run", "--config", "vitest.screenshots.config.ts", ...args],
      root
    ),
  verify: async (args) => (await import("./gates.mjs")).verify(root, args),
  bench: async (args) => (await import("./bench.mjs")).runBenches(root, args),
  build: async () => runNode([(await import("./gates.mjs")).tools.tsc, "-b"], root)
}

/** @param {ReadonlyArray<string>} argv */
const main = async ([name = "", ...args]) => {
  const problem = nodeProblem(process.versions.node, rootManifest(root).engines.node)
  if (problem !== undefined) {
    console.error(problem)
    return 1
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    console.error(`There is no command "${name}"; choose one of: ${Object.keys(commands).join(", ")}.`)
    return 2
  }
  if (!(await install(root))) return 1
  const { bundleAll } = await import("./bundle.mjs")
  if (!(await bundleAll(root))) return 1
  const { buildSite } = await import("./site.mjs")
  if (!(await buildSite(root))) return 1
  // pnpm hands the separator `--` on, npm does not.
  return command(args[0] === "--" ? args.slice(1) : args)
}

process.exitCode = await main(process.argv.slice(2))

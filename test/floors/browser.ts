/** The proof that a package runs in a browser: its entry bundles for one, with nothing of Node's left in it. */
import { build, type BuildOptions } from "esbuild"

/** Bundles for a browser in memory and returns esbuild's errors, one line each; empty if the bundle needs no Node. */
export const browserProblems = async (options: BuildOptions): Promise<ReadonlyArray<string>> => {
  const base = { bundle: true, write: false, platform: "browser", format: "esm", logLevel: "silent" } as const
  return build({ ...options, ...base, conditions: ["@stopcopy/source"] }).then(
    () => [],
    (error: unknown) => (error instanceof Error ? error.message.split("\n").slice(1) : [String(error)])
  )
}

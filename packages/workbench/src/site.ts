/** The console as people get it: built by the project's own builder, if a source changed. */
import { execFile } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Gives the folder of its files. */
export const consoleSite = async (): Promise<string> => {
  const call = `import { buildSite } from ${JSON.stringify(join(root, "scripts/site.mjs"))}
    process.exitCode = (await buildSite(${JSON.stringify(root)})) ? 0 : 1`
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", call], { cwd: root })
  return join(root, "apps/console/dist/site")
}

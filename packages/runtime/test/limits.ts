/** A child process under a file size limit of the operating system, and lifting that while it runs. */
import { assert } from "@effect/vitest"
import { spawn, spawnSync } from "node:child_process"

/** Commands that this takes and that are not here. */
export const missingCommands = ["sh", "prlimit"].filter((command) => spawnSync(command, ["-c", ""]).error !== undefined)

/** Starts a script that can write no file beyond `kibibytes`. */
export const spawnLimited = (kibibytes: number, script: string, ...args: ReadonlyArray<string>) =>
  spawn("sh", ["-c", `ulimit -S -f ${kibibytes}; exec "$@"`, "sh", process.execPath, script, ...args], {
    stdio: ["pipe", "pipe", "inherit"]
  })

/** Lifts the file size limit of a process. */
export const lift = (pid: number | undefined): void => {
  const { stderr } = spawnSync("prlimit", ["--pid", `${pid}`, "--fsize=100000000:"], { encoding: "utf8" })
  assert.strictEqual(stderr, "")
}

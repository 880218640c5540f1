/** Runs a child on this terminal: its input and output are ours, our signals are its, and its exit code becomes ours. */
// @ts-check
import { spawn } from "node:child_process"
import { constants } from "node:os"
import { isatty } from "node:tty"

/** @type {ReadonlyArray<NodeJS.Signals>} */
const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"]

/**
 * Runs `node` with `args` and resolves with its exit code; death by a signal is 128 and the signal's number.
 * @param {ReadonlyArray<string>} args
 * @param {string} cwd
 * @returns {Promise<number>}
 */
export const runNode = (args, cwd) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: "inherit" })
    // A terminal sends SIGINT to the whole group itself; forwarding it twice would look like a second Ctrl-C.
    const forwards = forwarded.map((signal) => ({
      signal,
      listener: () => void (signal === "SIGINT" && isatty(0) ? false : child.kill(signal))
    }))
    for (const { signal, listener } of forwards) process.on(signal, listener)
    child.once("error", reject)
    child.once("close", (code, signal) => {
      for (const forward of forwards) process.off(forward.signal, forward.listener)
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal]))
    })
  })

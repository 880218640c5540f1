/**
 * `pnpm bench fleet`: all VFs of one emulator are evacuated to another by the coordinator, each of them a process of its own; 64, 256 and 1,024 VFs, 16 at
 * once, and 64 one after the other. `pnpm bench fleet 64/1 256/4` runs these instead. The floor is measured in the same run, between the same emulators,
 * on 64 other VFs: a client makes the calls of a migration on both agents, and nothing else. Computing is the time of all threads of a process, by the
 * system. Memory is asked of the process itself after two collections of garbage, by a probe that is loaded before the program. Downtimes are the
 * coordinator's own, from the journal. Journals lie in the system's temporary folder.
 * What it does not measure: guests (a device that nobody uses drains at once), a network, TLS, groups of several VFs, more than two hosts.
 */
import { place, placeWarning } from "@stopcopy/workbench"
import { Effect } from "effect"
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { arch, cpus, loadavg, platform } from "node:os"
import { join } from "node:path"
import { evacuated, type Measured } from "./fleet/evacuated.ts"
import { vfsPerPf } from "./fleet/processes.ts"
import { tableOf } from "./fleet/table.ts"

const usual = ["64/1", "64/16", "256/16", "1024/16"]

/** Syncs that the disk is tried with. */
const syncs = 100

const print = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** Milliseconds for one small write and its sync: what each *durable* event costs at least. */
const syncMillis = (): number => {
  const folder = mkdtempSync(join(place, "stopcopy-fleet-"))
  const file = openSync(join(folder, "synced"), "w")
  const begun = performance.now()
  for (let time = 0; time < syncs; time++) {
    writeSync(file, "x".repeat(512))
    fdatasyncSync(file)
  }
  const took = performance.now() - begun
  closeSync(file)
  rmSync(folder, { recursive: true })
  return took / syncs
}

/** `256/16`; undefined if it is none. */
const runOf = (text: string): readonly [vfs: number, together: number] | undefined => {
  const found = /^([0-9]+)\/([0-9]+)$/.exec(text)
  const [vfs, together] = [Number(found?.[1]), Number(found?.[2])]
  return vfs >= vfsPerPf && vfs % vfsPerPf === 0 && together >= 1 ? [vfs, together] : undefined
}

const measure = (runs: ReadonlyArray<readonly [number, number]>) =>
  Effect.gen(function* () {
    const warning = yield* placeWarning
    if (warning !== undefined) yield* print(warning)
    const cpu = `${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`
    yield* print(
      `Node ${process.versions.node}, ${platform()} ${arch()}, ${cpu}; load before: ${loadavg()[0]?.toFixed(1)}`
    )
    yield* print(`a small write and its sync: ${syncMillis().toFixed(2)} ms`)
    const done: Array<Measured> = []
    for (const [vfs, together] of runs) {
      const begun = performance.now()
      done.push(yield* evacuated(vfs, together))
      yield* print(
        `${vfs} VFs, ${together} at once: ${((performance.now() - begun) / 1000).toFixed(0)} s with set-up and end`
      )
    }
    yield* print(`\n${tableOf(done)}`)
  })

const asked = process.argv.length > 2 ? process.argv.slice(2) : usual
const runs = asked.flatMap((text) => {
  const run = runOf(text)
  return run === undefined ? [] : [run]
})
if (runs.length === asked.length) await Effect.runPromise(measure(runs))
else {
  process.stderr.write(`write VFS/AT-ONCE, such as 64/16, with VFs in steps of ${vfsPerPf}; nothing was measured\n`)
  process.exitCode = 2
}

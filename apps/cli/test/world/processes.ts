/** The processes of a small fleet, as the demo and `start` name them. */
import { Effect, Schedule } from "effect"
import { existsSync, readFileSync } from "node:fs"

/** Of alpha, beta and the coordinator, in this order. */
export const processes = (output: string): ReadonlyArray<number> =>
  [...output.matchAll(/^ {2}(?:alpha|beta|coordinator) +process (\d+):/gm)].map(([, pid]) => Number(pid))

/** One that has ended, and whose parent has not asked how, is not there any more. */
const isZombie = (pid: number): boolean => {
  const file = `/proc/${pid}/stat`
  return existsSync(file) && /\) Z /.test(readFileSync(file, "utf8"))
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0) && !isZombie(pid)
  } catch {
    return false
  }
}

/** Processes of others say nobody that they end: it is looked again and again, for 20 seconds. */
const looks = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(400))

/** Waits until none of them is there; those of a parent that was killed end a moment after it. Fails with those that stay. */
export const untilGone = (pids: ReadonlyArray<number>): Promise<void> =>
  Effect.suspend(() => {
    const left = pids.filter(isAlive)
    return left.length === 0 ? Effect.void : Effect.fail(new Error(`processes that stay: ${left.join(", ")}`))
  }).pipe(Effect.retry(looks), Effect.runPromise)

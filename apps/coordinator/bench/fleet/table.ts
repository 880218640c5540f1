/** What was measured, as lines with one column for each run, and how it grows from the smallest to the largest of those that are alike. */
import type { Measured } from "./evacuated.ts"

/** The value that so many of all are not above; NaN of none. */
const quantile = (values: ReadonlyArray<number>, part: number): number =>
  values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(values.length * part) - 1)] ?? Number.NaN

/** Parts of a downtime, one after the other. */
const causes = [
  ...(["drain", "stop", "save", "transfer", "load", "verify", "vote", "commit", "resume", "other"] as const),
  "whole"
] as const

type Cause = (typeof causes)[number]

interface Line {
  readonly name: string
  readonly of: (measured: Measured) => number
  /** Whether it is said how it grows. */
  readonly grows?: boolean
}

const [kibi, mebi, micros] = [1024, 1024 * 1024, 1000]

const line = (name: string, of: Line["of"]): Line => ({ name, of })
const growing = (name: string, of: Line["of"]): Line => ({ name, of, grows: true })

const downtime = (cause: Cause, part: number) => (measured: Measured) =>
  quantile(
    measured.downtimes.map((all) => all[cause]),
    part
  ) / micros

/** Of one migration, by the difference that all of them make. */
const each = ({ after, before, vfs }: Measured, of: "cpu" | "heap" | "rss"): number => (after[of] - before[of]) / vfs

const emulatorsCpu = ({ emulators, vfs }: Measured): number =>
  emulators.reduce((sum, { after, before }) => sum + after.cpu - before.cpu, 0) / vfs

const floorDowntime = (part: number) => (measured: Measured) => quantile(measured.floor.downtimes, part)

const standing = ({ after, running: { migrations, probed } }: Measured): number =>
  (probed.heap - after.heap) / migrations

const lines: ReadonlyArray<Line> = [
  growing("migrations a second", ({ perSecond }) => perSecond),
  line("  floor: the same calls, bare, as many at once", ({ floor }) => floor.perSecond),
  line("  part of the floor", ({ floor, perSecond }) => perSecond / floor.perSecond),
  line("migrations that did not complete", ({ unmoved }) => unmoved),
  growing("downtime, ms: p50", downtime("whole", 0.5)),
  growing("downtime, ms: p99", downtime("whole", 0.99)),
  line("  of the first", ({ downtimes: [first] }) => (first?.whole ?? Number.NaN) / micros),
  line("  floor: p50", floorDowntime(0.5)),
  line("  floor: p99", floorDowntime(0.99)),
  line("  p50, times the floor", (all) => downtime("whole", 0.5)(all) / floorDowntime(0.5)(all)),
  ...causes
    .filter((cause) => cause !== "whole")
    .flatMap((cause) => [
      line(`  ${cause}: p50`, downtime(cause, 0.5)),
      line(`  ${cause}: p99`, downtime(cause, 0.99))
    ]),
  growing("computing for a migration, ms: coordinator", (all) => each(all, "cpu")),
  growing("computing for a migration, ms: both emulators", emulatorsCpu),
  line("coordinator before the first migration, MiB: heap", ({ before }) => before.heap / mebi),
  line("coordinator before the first migration, MiB: RSS", ({ before }) => before.rss / mebi),
  growing("for each finished migration, KiB: heap", (all) => each(all, "heap") / kibi),
  growing("for each finished migration, KiB: RSS", (all) => each(all, "rss") / kibi),
  growing("for each running migration, KiB: heap", (all) => standing(all) / kibi),
  growing("events of the journal for a migration", ({ events, vfs }) => events / vfs),
  growing("bytes of the journal for a migration, KiB", ({ journalBytes, vfs }) => journalBytes / vfs / kibi),
  growing("ms for an answer: plan of the evacuation", ({ plan }) => plan),
  growing("ms for an answer: list of hosts", ({ lists }) => lists.hosts),
  growing("ms for an answer: one host with its VFs", ({ lists }) => lists.host),
  growing("ms for an answer: all VFs", ({ lists }) => lists.vfs),
  growing("ms for an answer: 50 migrations", ({ lists }) => lists.migrations),
  growing("ms for an answer: metrics", ({ lists }) => lists.metrics)
]

const figure = (value: number): string => {
  if (!Number.isFinite(value)) return "-"
  return value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 })
}

const width = 12

/** The lines; growth is from the first to the last of the runs with as many at once as the last has. */
export const tableOf = (runs: ReadonlyArray<Measured>): string => {
  const last = runs.at(-1)
  const alike = runs.filter(({ together }) => together === last?.together)
  const [least, most] = [alike[0], alike.at(-1)]
  const heads = runs.map(({ together, vfs }) => `${vfs}/${together}`.padStart(width)).join("")
  const head = `${"VFs that are moved / at once".padEnd(52)}${heads}    growth`
  const rows = lines.map(({ grows = false, name, of }) => {
    const cells = runs.map((run) => figure(of(run)).padStart(width)).join("")
    const growth =
      grows && least !== undefined && most !== undefined ? ` ${figure(of(most) / of(least)).padStart(7)} x` : ""
    return `${name.padEnd(52)}${cells}${growth}`
  })
  return [head, ...rows].join("\n")
}

/**
 * What the fleet costs for each migration when 64, 256 and 1,024 are queued: to queue them, to start and end them one after the other under limits, and
 * to plan and begin an evacuation of as many VFs. The floor, in the same run and on as many: sorting the ranks once and taking them from the front, what
 * any queue by priority does at least. All rows take turns. Pure decisions and states; no journal.
 */
import { decide, defaultPolicy, evolve, type Fleet, type FleetCommand, initial, plan } from "@stopcopy/fleet"
import { Either } from "effect"
import { arch, cpus, platform } from "node:os"
import { busy, completed, end, hostCommands, pf, sla, submit } from "../test/support.ts"

const sizes = [64, 256, 1024] as const
/** Rounds, the rows in turn; the first warm up and do not count. The best counts. */
const rounds = 9
const warmUps = 2
/** VFs of one PF. */
const perPf = 64

const apply = (state: Fleet, command: FleetCommand) => {
  const { answer, events } = decide(state, command)
  return { state: events.reduce(evolve, state), answer: Either.getOrThrowWith(answer, (refused) => refused) }
}

const policy = { ...defaultPolicy, limits: { fleet: 16, host: 16, pf: 16 } }

const hostOf = (name: string, vfs: number, attached: boolean): ReadonlyArray<FleetCommand> =>
  hostCommands(
    name,
    ...Array.from({ length: Math.ceil(vfs / perPf) }, (_, index) =>
      pf(`pf${index}`, { vfs: Math.min(vfs, perPf), ...(attached ? { attached: busy } : {}) })
    )
  )

const vfName = (index: number): string => `pf${Math.floor(index / perPf)}/vf${index % perPf}`

/** `pairs` sources with `count` guests together, and as many destinations: each pair of PFs is a lane of its own. */
const world = (count: number, pairs: number): Fleet =>
  Array.from({ length: pairs }, (_, pair) => [
    ...hostOf(`a${pair}`, count / pairs, true),
    ...hostOf(`b${pair}`, count / pairs, false)
  ])
    .flat()
    .reduce((so, command) => apply(so, command).state, apply(initial, { _tag: "SetPolicy", policy }).state)

/** Migrations of all guests, with priorities that mix. */
const submits = (count: number, pairs: number): ReadonlyArray<FleetCommand> =>
  Array.from({ length: count }, (_, index) => {
    const [pair, vf] = [index % pairs, Math.floor(index / pairs)]
    const to = { host: `b${pair}`, devices: [vfName(vf)], incoming: false }
    const group = { group: `g${index}`, from: `a${pair}`, devices: [vfName(vf)] }
    return submit(index, { ...group, to, priority: (index * 7) % 10, at: index })
  })

const queue = (state: Fleet, commands: ReadonlyArray<FleetCommand>): Fleet =>
  commands.reduce((so, command) => apply(so, command).state, state)

/** Starts and ends until nothing is left: one `Schedule` for each end, as a coordinator does. */
const drain = (queued: Fleet, count: number): number => {
  const running: Array<string> = []
  let [state, done] = [queued, 0]
  for (let now = count; done < count; now++) {
    const scheduled = apply(state, { _tag: "Schedule", at: now })
    state = scheduled.state
    if (scheduled.answer._tag === "Scheduled")
      running.push(...scheduled.answer.starts.map(({ migration }) => migration.id))
    const next = running.shift()
    if (next === undefined) throw new Error(`nothing runs, and ${count - done} are left`)
    state = apply(state, end(next, completed(), { at: now })).state
    done += 1
  }
  return state.finished.length
}

/** A queue by rank and nothing else. */
const floor = (commands: ReadonlyArray<FleetCommand>): number => {
  const ranked = commands.map((command, index) => ({
    id: `m${index}`,
    rank: command._tag === "Submit" ? command.at - command.priority * policy.ageingMs : 0
  }))
  ranked.sort((one, other) => one.rank - other.rank || (one.id < other.id ? -1 : 1))
  let sum = 0
  for (let next = ranked.pop(); next !== undefined; next = ranked.pop()) sum += next.id.length
  return sum
}

/** Half as many pairs of hosts as migrations, one running on each, and room in the fleet: a pass looks at every lane and finds no slot. */
const shutLanes = (count: number): Fleet => {
  const limits = { fleet: 4096, host: 1, pf: 1 }
  const all = queue(world(count, count / 2), [
    { _tag: "SetPolicy", policy: { ...policy, limits } },
    ...submits(count, count / 2)
  ])
  return apply(all, { _tag: "Schedule", at: count }).state
}

/** The same two hosts of PFs with 16 VFs, each VF with an SLA of its own: it fits its own number only. */
const withSlas = (count: number): Fleet => {
  const slas = Array.from({ length: 16 }, (_, vf) => sla(vf))
  const pfs = (attached: boolean) =>
    Array.from({ length: count / 16 }, (_, index) =>
      pf(`pf${index}`, { vfs: 16, rateLimiting: true, slas, ...(attached ? { attached: busy } : {}) })
    )
  return queue(initial, [...hostCommands("a0", ...pfs(true)), ...hostCommands("b0", ...pfs(false))])
}

interface Row {
  readonly name: string
  readonly count: number
  readonly once: () => number
  /** Microseconds for each migration, the best of the rounds. */
  best: number
}

let sum = 0
const rowsOf = (count: number): ReadonlyArray<Row> => {
  const row = (name: string, once: () => number): Row => ({ name, count, once, best: Number.POSITIVE_INFINITY })
  const lanes = Math.min(32, count / 2)
  const [one, commands] = [world(count, 1), submits(count, 1)]
  const [many, others] = [world(count, lanes), submits(count, lanes)]
  const [queued, spread] = [queue(one, commands), queue(many, others)]
  const full = apply(queued, { _tag: "Schedule", at: count }).state
  const shut = shutLanes(count)
  const limited = withSlas(count)
  return [
    row("floor: sort and take", () => floor(commands)),
    row("queue each (Submit)", () => queue(one, commands).migrations.length),
    row("start and end each, one pair of hosts", () => drain(queued, count)),
    row(`start and end each, ${lanes} pairs of hosts`, () => drain(spread, count)),
    row("plan an evacuation", () => Either.getOrThrow(plan(one, { host: "a0", pf: null }, 0)).moves.length),
    row(
      "plan and begin an evacuation",
      () =>
        apply(one, { _tag: "Evacuate", evacuation: "e", host: "a0", pf: null, priority: 5, at: 0 }).state.migrations
          .length
    ),
    row(
      "plan an evacuation, each VF with an SLA",
      () => Either.getOrThrow(plan(limited, { host: "a0", pf: null }, 0)).moves.length
    ),
    row("one Schedule, all slots in use, whole", () => decide(full, { _tag: "Schedule", at: count + 1 }).events.length),
    row(
      "one Schedule, lanes for half, none free, whole",
      () => decide(shut, { _tag: "Schedule", at: count + 1 }).events.length
    ),
    row("one Schedule that starts 16, whole", () => decide(queued, { _tag: "Schedule", at: count + 1 }).events.length)
  ]
}

const measure = (row: Row): number => {
  globalThis.gc?.()
  const repeats = row.name.endsWith("whole") ? 200 : Math.max(1, Math.floor(2048 / row.count / 2))
  const start = performance.now()
  for (let time = 0; time < repeats; time++) sum += row.once()
  const each = ((performance.now() - start) * 1000) / repeats
  return row.name.endsWith("whole") ? each : each / row.count
}

const tables = sizes.map(rowsOf)
for (let round = 0; round < warmUps + rounds; round++) {
  for (const row of tables.flat()) {
    const micros = measure(row)
    if (round >= warmUps) row.best = Math.min(row.best, micros)
  }
}

const bytesOf = (state: Fleet): number =>
  JSON.stringify(state, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)).length

const [small, , large] = tables
const lines = (small ?? []).map((row, index) => {
  const figures = tables.map((table) => (table[index]?.best ?? 0).toFixed(2).padStart(9))
  const growth = ((large?.[index]?.best ?? 0) / row.best).toFixed(2).padStart(6)
  const ratio = ((large?.[index]?.best ?? 0) / (large?.[0]?.best ?? 1)).toFixed(0).padStart(6)
  return `${row.name.padEnd(47)} ${figures.join(" ")} us  x ${growth} from 64 to 1,024  ${ratio} x floor`
})
const empty = world(1024, 1)
const bytes = Math.round((bytesOf(queue(empty, submits(1024, 1))) - bytesOf(empty)) / 1024)

process.stdout.write(
  [
    `Node ${process.versions.node}, ${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`,
    `best of ${rounds} rounds; microseconds for each migration, or for the whole call; 64, 256, 1,024 migrations; 16 run at once`,
    ...lines,
    `state of a queued migration: ${bytes} bytes of JSON`,
    "Not measured: the journal, schemas, the migrations themselves, hosts that are described anew, more than one evacuation.",
    `(checksum ${sum})`,
    ""
  ].join("\n")
)

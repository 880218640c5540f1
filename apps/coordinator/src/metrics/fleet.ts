/**
 * What an operator watches: migrations by phase, how they ended, downtimes by cause, hosts, the journal. Counters and histograms begin with the process;
 * the history of single migrations is in the journal, and asked for with the API.
 */
import { Downtime, ends, type HostSummary, type Migration, type Phase } from "@stopcopy/coordinator-api"
import { Journal } from "@stopcopy/runtime"
import { Effect, Metric, MetricBoundaries, Schema } from "effect"
import { Fleet } from "../ports/Fleet.ts"
import { Migrations } from "../ports/Migrations.ts"
import { labelled } from "./labelled.ts"

const gauge = (name: string, description: string) => Metric.gauge(`stopcopy_coordinator_${name}`, { description })

const families = {
  phases: gauge("migrations", "Migrations that have not ended, by phase"),
  hosts: gauge("hosts", "Registered hosts, by health"),
  vfs: gauge("vfs", "VFs of registered hosts"),
  events: gauge("journal_events", "Events that the journal has ever taken"),
  ended: Metric.counter("stopcopy_coordinator_migrations_ended_total", {
    description: "Migrations that ended, by outcome",
    incremental: true
  }),
  downtime: Metric.histogram(
    "stopcopy_coordinator_downtime_seconds",
    MetricBoundaries.fromIterable([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10]),
    "How long guests stood still, by cause; cause whole is all of it"
  )
}

const live: ReadonlyArray<Phase> = [
  ...(["queued", "preflight", "setup", "pre-copy", "pre-switchover", "switchover", "finishing"] as const),
  ...(["cancelling", "recovering"] as const)
]

const healths: ReadonlyArray<HostSummary["health"]["state"]> = ["unknown", "reachable", "unreachable"]

/** Brings the gauges up to date: what a scrape sees is as it is then. */
export const refresh = Effect.gen(function* () {
  const phases = yield* (yield* Migrations).phases
  for (const phase of live) yield* Metric.set(labelled(families.phases, { phase }), phases.get(phase) ?? 0)
  const hosts = yield* (yield* Fleet).hosts
  for (const health of healths) {
    const count = hosts.filter((host) => host.health.state === health).length
    yield* Metric.set(labelled(families.hosts, { health }), count)
  }
  yield* Metric.set(
    families.vfs,
    hosts.reduce((sum, { vfs }) => sum + vfs, 0)
  )
  yield* Metric.set(families.events, (yield* (yield* Journal).head()).sequence)
})

const microsPerSecond = 1e6

/** What is kept with a downtime has bytes beside its times: those of the API are times alone. */
const onlyTimes = Schema.decodeUnknownSync(Downtime)

/** Takes in a migration that has ended. To be called once for each. */
export const recordEnd = ({ downtime, phase }: Pick<Migration, "downtime" | "phase">): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (!ends.includes(phase)) return
    yield* Metric.increment(labelled(families.ended, { outcome: phase }))
    for (const [cause, micros] of Object.entries(downtime === null ? {} : onlyTimes(downtime))) {
      yield* Metric.update(labelled(families.downtime, { cause }), micros / microsPerSecond)
    }
  })

/**
 * What an operator wants to know of an emulator, in Effect's registry, which the agent's port shows: brought there every second from counts that are kept
 * anyway. Counters begin with the process, except those that the journal keeps.
 */
import { Journal, type ReadError } from "@stopcopy/runtime"
import { MigrationStates } from "@stopcopy/vfio"
import { Effect, Metric, type Scope } from "effect"
import { statSync } from "node:fs"
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks"
import type { Emulator } from "../hosting/Emulator.ts"

type Labels = Readonly<Record<string, string>>

const labelled = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>, labels: Labels): Metric.Metric<Type, In, Out> =>
  Object.entries(labels).reduce((now, [name, label]) => Metric.tagged(now, name, label), metric)

/** A number that goes up and down. */
const gauge = (name: string, description: string) => {
  const metric = Metric.gauge(`stopcopy_${name}`, { description })
  return (value: number, labels: Labels = {}): Effect.Effect<void> => Metric.update(labelled(metric, labels), value)
}

/** A count that somebody else keeps: what it has grown by is added. */
const counter = (name: string, description: string) => {
  const metric = Metric.counter(`stopcopy_${name}`, { description })
  const last = new Map<string, number>()
  return (value: number, labels: Labels = {}): Effect.Effect<void> =>
    Effect.suspend(() => {
      const key = Object.values(labels).join(" ")
      const grown = value - (last.get(key) ?? 0)
      last.set(key, value)
      return Metric.update(labelled(metric, labels), grown)
    })
}

const makeFamilies = () => ({
  devices: gauge("devices", "VFs that are hosted, by PF"),
  guests: gauge("guests_attached", "Guests that have a device now"),
  states: gauge("migration_state_devices", "VFs by migration state"),
  attachments: counter("guest_attachments_total", "Guests that took a device, by device"),
  accesses: counter("region_accesses_total", "Reads and writes of regions by guests, by device"),
  bytes: counter("region_access_bytes_total", "Bytes of these accesses, by device"),
  requests: counter("requests_total", "Requests that engines have executed, by device, service and status"),
  interrupts: counter("interrupts_total", "Interrupts that a VF has ever given"),
  batches: counter("journal_batches_total", "Batches that the journal has ever taken"),
  events: counter("journal_events_total", "Events that the journal has ever taken"),
  journalBytes: gauge("journal_file_bytes", "Size of the journal's files"),
  loopDelay: gauge("event_loop_delay_seconds", "How late the event loop was in the last second")
})
type Families = ReturnType<typeof makeFamilies>

const ofDevices = ({ vfs }: Emulator, families: Families): Effect.Effect<void> =>
  Effect.forEach(
    vfs,
    ({ name: device, traffic, vf }) =>
      Effect.gen(function* () {
        const { accesses, attachments, bytes, interrupts, requests } = families
        yield* attachments(traffic.attachments, { device })
        yield* accesses(traffic.reads, { device, kind: "read" })
        yield* accesses(traffic.writes, { device, kind: "write" })
        yield* bytes(traffic.bytesRead, { device, kind: "read" })
        yield* bytes(traffic.bytesWritten, { device, kind: "write" })
        yield* interrupts(vf.unsafeState().device?.interrupts ?? 0, { device })
        for (const [key, count] of traffic.requests) {
          const [service = "", status = ""] = key.split(" ")
          yield* requests(count, { device, service, status })
        }
      }),
    { discard: true }
  )

const ofStates = ({ pfs, vfs }: Emulator, { devices, guests, states }: Families): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const pf of pfs) yield* devices(pf.vfs.length, { pf: pf.name })
    yield* guests(vfs.filter(({ traffic }) => traffic.attached > 0).length)
    for (const state of MigrationStates.all) {
      yield* states(vfs.filter(({ vf }) => vf.unsafeState().migrationState === state).length, { state })
    }
  })

/** 0 for a file that is not there. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

const ofJournal = (file: string, families: Families): Effect.Effect<void, ReadError, Journal> =>
  Effect.gen(function* () {
    const { batch, sequence } = yield* (yield* Journal).head()
    yield* families.batches(batch)
    yield* families.events(sequence)
    yield* families.journalBytes(sizeOf(file) + sizeOf(`${file}-wal`))
  })

/** How often the delay of the event loop is measured, in milliseconds: what is measured has that in it. */
const resolution = 10
const nanosPerMilli = 1e6

const ofEventLoop = (delay: IntervalHistogram, { loopDelay }: Families): Effect.Effect<void> =>
  Effect.gen(function* () {
    const late = (nanos: number): number => Math.max(0, nanos / nanosPerMilli - resolution) / 1000
    yield* loopDelay(late(delay.percentile(50)), { quantile: "0.5" })
    yield* loopDelay(late(delay.percentile(99)), { quantile: "0.99" })
    yield* loopDelay(late(delay.max), { quantile: "1" })
    delay.reset()
  })

const every = "1 second"

/** Keeps the metrics up to date until the scope ends. */
export const measure = (emulator: Emulator, journalFile: string): Effect.Effect<void, never, Journal | Scope.Scope> =>
  Effect.gen(function* () {
    const families = makeFamilies()
    const delay = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const histogram = monitorEventLoopDelay({ resolution })
        histogram.enable()
        return histogram
      }),
      (histogram) => Effect.sync(() => histogram.disable())
    )
    const all = Effect.all(
      [
        ofStates(emulator, families),
        ofDevices(emulator, families),
        ofJournal(journalFile, families),
        ofEventLoop(delay, families)
      ],
      { discard: true }
    )
    const look = Effect.catchAllCause(all, (cause) => Effect.logWarning("metrics cannot be had", cause))
    yield* look
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(every), look)))
  })

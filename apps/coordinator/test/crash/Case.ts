/** One migration of which a process ends at an event: what is done in it, and what must hold when it has its verdict. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert } from "@effect/vitest"
import { apiPrefix, follow, type Migration } from "@stopcopy/coordinator-api"
import { Deferred, Effect, Fiber, Option, Queue, Schedule, Stream } from "effect"
import { connect } from "node:net"
import { hasEnded, starting } from "../support/world.ts"
import type { Rule } from "./Rule.ts"
import { beforeDrain, deviceOf, hostOf, type Process, processes, type Side, type Site } from "./Site.ts"

/** At which event, of which process, who is killed. If it is another one: while that of the event stands still in it. */
export interface Killing {
  readonly at: Process
  readonly event: string
  readonly nth: number
  readonly when: Rule["when"]
  readonly who: Process
}

/** The migration is cancelled while the coordinator stands behind this event of its own. */
export interface Course {
  readonly killing?: Killing
  readonly cancelledBehind?: string
}

const rulesOf = (process: Process, { cancelledBehind, killing }: Course): ReadonlyArray<Rule> => {
  const rules: Array<Rule> = []
  if (killing?.at === process) {
    const { event, nth, when, who } = killing
    rules.push({ what: "kill", event, nth, when, does: who === process ? "ends" : "stands" })
  }
  if (process !== "coordinator") return rules
  if (cancelledBehind !== undefined)
    rules.push({ what: "cancel", event: cancelledBehind, nth: 1, when: "after", does: "stands" })
  return [...rules, beforeDrain]
}

/** A coordinator that ends while it is asked answers the next time, to the same key. */
const persistently = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(call, { schedule: Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(1200)) })

/** Ends when the system has a request for the coordinator, who stands still: it is the first that it reads when it goes on. Its answer does not matter. */
const asked = ({ url }: Site, path: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const { host, hostname, port } = new URL(url)
    const body = JSON.stringify({ reason: "not now" })
    const head = [`POST ${apiPrefix}${path} HTTP/1.1`, `host: ${host}`, "content-type: application/json"]
    const socket = connect(Number(port), hostname)
    socket.on("error", () => undefined)
    socket.write([...head, `content-length: ${body.length}`, "connection: close", "", body].join("\r\n"), () =>
      resume(Effect.void)
    )
    socket.resume()
  })

/** Waits for the verdict: looks with every event that may be the last one. A coordinator that has ended is asked again as soon as its next life answers. */
const verdictOf = ({ client, url }: Site, id: string): Effect.Effect<Migration> =>
  follow({ baseUrl: url, after: 0, migration: id, tries: 0 }).pipe(
    Stream.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(3000))),
    Stream.filter(({ type }) => type === "Ended" || type === "Refused" || type === "MigrationFinished"),
    Stream.mapEffect(() => persistently(client.migrations.show({ path: { id } }))),
    Stream.filter(hasEnded),
    Stream.runHead,
    Effect.map(Option.getOrThrow),
    Effect.provide(FetchHttpClient.layer),
    Effect.orDie
  )

/** Whenever a process, in whichever life, stands still at an event, this is done; then it goes on. */
const standing = (
  site: Site,
  process: Process,
  act: (what: Rule["what"]) => Effect.Effect<void>
): Effect.Effect<never> =>
  Effect.forever(
    Effect.suspend(() => {
      const { life } = site.mortals[process]
      const next = Effect.flatMap(Queue.take(life.stands), (what) => Effect.zipRight(act(what), life.goOn))
      return Effect.raceFirst(
        next,
        Effect.zipRight(
          Effect.promise(() => life.ended),
          site.mortals[process].another(life)
        )
      )
    })
  )

/** Exactly one side runs the guest's VF, and both hosts say what the coordinator says. */
const oneVerdict = (site: Site, number: number, { verdict }: Migration): Effect.Effect<Side> =>
  Effect.gen(function* () {
    const device = (side: Side) =>
      Effect.map(site.devices(side), (all) => all.find(({ name }) => name === deviceOf(number)))
    const [source, destination] = [yield* device("source"), yield* device("destination")]
    const text = JSON.stringify({ verdict, source, destination })
    const guest = verdict?.guest ?? "source"
    const [winner, loser] = guest === "source" ? [source, destination] : [destination, source]
    assert.strictEqual(guest === "destination", verdict?.outcome === "completed", text)
    assert.deepStrictEqual([winner?.standing, winner?.state], ["held", "RUNNING"], text)
    // A destination that was never touched is as it was born.
    if (guest === "destination" || loser?.epoch !== 0) {
      assert.deepStrictEqual([loser?.standing, loser?.state], ["fenced", "STOP"], text)
    }
    return guest
  })

/** Requests that a guest has answered at least: before the migration, and behind it. */
const enough = 12

/** One migration of the VF of this number, to its verdict; the guest works before it, until the coordinator is about to have it stopped, and behind it. */
export const runCase = (site: Site, number: number, course: Course = {}) =>
  Effect.gen(function* () {
    const { client, mortals } = site
    const { killing } = course
    const guest = yield* site.guest(number)
    yield* guest.workload.start
    yield* guest.workload.more(enough)
    for (const process of processes) yield* mortals[process].life.obey(rulesOf(process, course))

    const device = deviceOf(number)
    const to = { host: hostOf.destination, devices: [device], incoming: false } as const
    const started = client.migrations.start(
      starting(`VF ${number} of ${site.url.slice(-5)}`, { devices: [device], to })
    )
    const known = yield* Deferred.make<string>()
    const acts: Readonly<Record<Rule["what"], Effect.Effect<void>>> = {
      drain: guest.stand,
      cancel: Effect.flatMap(Deferred.await(known), (id) => asked(site, `/migrations/${id}/cancel`)),
      kill: Effect.suspend(() =>
        killing === undefined ? Effect.void : Effect.asVoid(mortals[killing.who].life.kill("SIGKILL"))
      )
    }
    const stands = yield* Effect.forkAll(processes.map((process) => standing(site, process, (what) => acts[what])))
    const dying = killing === undefined ? Effect.never : mortals[killing.who].diesOnce
    const dead = yield* Effect.fork(dying)
    // The process of the event may be in its next life when that is looked at.
    const { life } = mortals[killing?.at ?? "source"]
    const { id } = yield* persistently(started)
    yield* Deferred.succeed(known, id)
    const ended = yield* verdictOf(site, id)
    const batches = processes.flatMap((process) =>
      mortals[process].life.batches.map((one) => ({ at: process, ...one }))
    )
    const died = Effect.as(Fiber.join(dead), true)
    // What has not come by now is not to come while nobody expects it.
    const isMet = yield* life.met.has("kill")
      ? died
      : Effect.raceFirst(Effect.as(life.obey([]), killing === undefined), died)
    yield* Fiber.interrupt(dead)
    yield* Fiber.interrupt(stands)
    const at = yield* oneVerdict(site, number, ended)
    yield* guest.goOn(at)
    yield* guest.workload.more(enough)
    yield* guest.workload.stop
    return { guest, at, ended, batches, isMet }
  }).pipe(Effect.orDie)

/** What a case gave. */
export type Ended = Effect.Effect.Success<ReturnType<typeof runCase>>

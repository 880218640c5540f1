/** What pages read of the coordinator, each thing once however many show it, and what events do to it. */
import {
  type Client,
  type Compatibility,
  type Evacuation,
  type HostSummary,
  isOfMigration,
  type Migration,
  type PfSummary,
  type Policy,
  type Summary,
  type Vf
} from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import type { CallError, Problem } from "../session/Problem.ts"
import { deviceChangeOf, withChange } from "./deviceChange.ts"
import type { Live, News } from "./Live.ts"
import { type MigrationList, type MigrationQuery, readMigrations } from "./migrationList.ts"
import { Resource } from "./Resource.ts"
import { type Subject, touches } from "./touches.ts"

/** So many of one kind are kept when nobody watches them: who comes back sees what was there while it is read again. */
const keptUnwatched = 32

/** Resources of one kind by what is asked for. */
class Family<A> {
  private readonly known = new Map<string, Resource<A>>()
  private readonly make: (key: string) => Resource<A>

  constructor(make: (key: string) => Resource<A>) {
    this.make = make
  }

  of(key: string): Resource<A> {
    const known = this.known.get(key)
    if (known !== undefined) return known
    const made = this.make(key)
    this.known.set(key, made)
    this.forget()
    return made
  }

  /** Those that `isMeant`, or all. */
  invalidate(isMeant: (key: string) => boolean = () => true): void {
    for (const [key, resource] of this.known) if (isMeant(key)) resource.invalidate()
  }

  /** The oldest that nobody watches, where there are too many; never the newest, which somebody is about to watch. */
  private forget(): void {
    const unwatched = [...this.known].filter(([, { isWatched }]) => !isWatched)
    for (const [key] of unwatched.slice(0, Math.max(0, unwatched.length - keptUnwatched))) this.known.delete(key)
  }
}

export class Resources {
  readonly hosts: Resource<ReadonlyArray<HostSummary>>
  readonly pfs: Resource<ReadonlyArray<PfSummary>>
  readonly vfs: Resource<ReadonlyArray<Vf>>
  readonly evacuations: Resource<ReadonlyArray<Evacuation>>
  readonly policy: Resource<Policy>
  readonly summary: Resource<Summary>
  private readonly rows: Family<ReadonlyArray<Compatibility>>
  private readonly one: Family<Migration>
  private readonly lists: Family<MigrationList>

  constructor(client: Client, live: Live, problem: (error: CallError) => Problem) {
    const made = <A>(read: Effect.Effect<A, CallError>) => new Resource(Effect.mapError(read, problem))
    this.hosts = made(client.hosts.list())
    this.pfs = made(client.hosts.pfs())
    this.vfs = made(client.vfs.list({ urlParams: {} }))
    this.evacuations = made(client.evacuations.list())
    this.policy = made(client.policy.get())
    this.summary = made(client.summary.show())
    this.rows = new Family((host) => made(client.vfs.compatibility({ urlParams: { host } })))
    this.one = new Family((id) => made(client.migrations.show({ path: { id } })))
    this.lists = new Family((key) => made(readMigrations(client, key)))
    live.listen(this.took)
  }

  /** Where everything on a host could move. */
  compatibility(host: string): Resource<ReadonlyArray<Compatibility>> {
    return this.rows.of(host)
  }

  migration(id: string): Resource<Migration> {
    return this.one.of(id)
  }

  migrations(query: MigrationQuery): Resource<MigrationList> {
    return this.lists.of(JSON.stringify(query))
  }

  private readonly invalidators: Readonly<Record<Subject, () => void>> = {
    hosts: () => this.hosts.invalidate(),
    pfs: () => this.pfs.invalidate(),
    vfs: () => this.vfs.invalidate(),
    compatibility: () => this.rows.invalidate(),
    evacuations: () => this.evacuations.invalidate(),
    migrations: () => this.lists.invalidate(),
    summary: () => this.summary.invalidate(),
    policy: () => this.policy.invalidate()
  }

  private readonly took = (news: News): void => {
    if (news._tag === "Opened") return this.all()
    const subjects = new Set<Subject>()
    for (const event of news.events) {
      for (const subject of touches(event)) subjects.add(subject)
      const change = deviceChangeOf(event)
      if (change !== undefined) this.vfs.change((vfs) => withChange(vfs, change))
    }
    for (const subject of subjects) this.invalidators[subject]()
    // Who waits in the queue moves up with what happens to others.
    this.one.invalidate((id) => subjects.has("evacuations") || news.events.some((event) => isOfMigration(event, id)))
  }

  private all(): void {
    for (const invalidate of Object.values(this.invalidators)) invalidate()
    this.one.invalidate()
  }
}

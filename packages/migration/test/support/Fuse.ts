/**
 * Ends of processes at events of a migration. What each process appends is counted, guest traffic left out; at the chosen event the chosen processes end, before
 * it is kept or behind it.
 */
import { type AppendRequest, type Journal, JournalUnavailable } from "@stopcopy/runtime"
import { type Context, Effect, Either } from "effect"

export type When = "before" | "after"
export type Process = "coordinator" | "source" | "destination"

/** An event of a process: what was recorded, for which time. */
export interface Moment {
  readonly process: Process
  readonly label: string
  /** Counted from 1. */
  readonly nth: number
}

export const isSame = (one: Moment, other: Moment): boolean =>
  one.process === other.process && one.label === other.label && one.nth === other.nth

/** Processes that end at a moment. `before`: the process whose event it is is one of them, and the event is not kept. */
export interface End {
  readonly at: Moment
  readonly when: When
  readonly who: ReadonlyArray<Process>
}

export const guestTraffic: ReadonlySet<string> = new Set([
  ...(["RegisterWritten", "RequestsExecuted", "ResponsesPlaced", "OutcomeAmended"] as const),
  ...(["CoalescingElapsed", "InterruptRaised", "MailboxHandled"] as const)
])

const isTraffic = ({ records }: AppendRequest): boolean => records.every(({ type }) => guestTraffic.has(type))

/** What a batch is called: of a coordinator there is one stream only. */
const labelOf = ({ records, streams }: AppendRequest): string =>
  records
    .map(({ stream, type }) => {
      const name = streams[stream]?.stream ?? ""
      return name.startsWith("migration/") ? type : `${name} ${type}`
    })
    .join(", ")

/** The process's life: it ends when the plot says so, and not twice. */
export class Fuse {
  readonly process: Process
  blown = false
  private readonly latch = Effect.unsafeMakeLatch(false)
  /** Ends when the process does: who waits for an answer of it gets none. */
  readonly ended: Effect.Effect<void> = this.latch.await
  private readonly plot: Plot

  constructor(process: Process, plot: Plot) {
    this.process = process
    this.plot = plot
    plot.lives.set(process, this)
  }

  blow(): void {
    this.blown = true
    this.latch.unsafeOpen()
  }

  /** Whether the plot has an end for this process still: only then somebody has to look out for it. */
  get isDoomed(): boolean {
    return this.plot.dooms(this.process)
  }

  /** Keeps what one event stands for, unless the process has ended. `label`: none for guest traffic. */
  through<A>(label: string | undefined, act: () => A, dead: () => A): A {
    if (this.blown) return dead()
    if (label === undefined) return act()
    const end = this.plot.meet(this.process, label)
    if (end === undefined) return act()
    if (end.when === "before") {
      this.plot.carryOut(end)
      return dead()
    }
    const kept = act()
    this.plot.carryOut(end)
    return this.blown ? dead() : kept
  }
}

/** Who ends when, one after the other. */
export class Plot {
  readonly lives = new Map<Process, Fuse>()
  private readonly seen = new Map<string, number>()
  private ends: ReadonlyArray<End> = []
  private counts = false
  /** Told of each moment. */
  onMoment: (moment: Moment) => void = () => undefined

  /** Counts from here. */
  begin(ends: ReadonlyArray<End>): void {
    this.counts = true
    this.ends = ends
  }

  /** Ends that have not come. */
  get left(): ReadonlyArray<End> {
    return this.ends
  }

  dooms(process: Process): boolean {
    return this.ends.some(({ who }) => who.includes(process))
  }

  /** One event comes; the end that is due at it. */
  meet(process: Process, label: string): End | undefined {
    if (!this.counts) return undefined
    const name = `${process} ${label}`
    const nth = (this.seen.get(name) ?? 0) + 1
    this.seen.set(name, nth)
    const moment = { process, label, nth }
    this.onMoment(moment)
    const [end] = this.ends
    return end !== undefined && isSame(end.at, moment) ? end : undefined
  }

  carryOut({ who }: End): void {
    this.ends = this.ends.slice(1)
    for (const process of who) this.lives.get(process)?.blow()
  }
}

const gone = () => Either.left(new JournalUnavailable({ journal: "memory", reason: "the process has ended" }))

/** The journal as a process sees it that ends with the fuse. */
export const fused = (journal: Context.Tag.Service<Journal>, fuse: Fuse): Context.Tag.Service<Journal> => {
  const one = (request: AppendRequest) => (isTraffic(request) ? undefined : labelOf(request))
  const together = (requests: ReadonlyArray<AppendRequest>) => {
    const found = requests.filter((request) => !isTraffic(request))
    return found.length === 0 ? undefined : found.map(labelOf).join("; ")
  }
  return {
    ...journal,
    append: (request) =>
      fuse.through<ReturnType<typeof journal.append>>(one(request), () => journal.append(request), gone),
    commitNow: (request) =>
      fuse.through<ReturnType<typeof journal.commitNow>>(one(request), () => journal.commitNow(request), gone),
    commitTogether: (requests) =>
      fuse.through<ReturnType<typeof journal.commitTogether>>(
        together(requests),
        () => journal.commitTogether(requests),
        gone
      ),
    submit: (request, done) =>
      fuse.through(
        one(request),
        () =>
          journal.submit(request, (outcome) => {
            if (!fuse.blown) done(outcome)
          }),
        () => done(gone())
      )
  }
}

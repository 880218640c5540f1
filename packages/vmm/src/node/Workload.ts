/**
 * A guest at work: submits jobs at random times to several ring pairs, takes responses, checks each, and keeps account of them for the ledger of `@stopcopy/qat`.
 * Everything at random comes from one seed.
 *
 * W1 One step is what the guest's CPU does without being interrupted: it passes `processor`, so that whoever shuts that gate has a guest that stands still.
 * W2 Responses of a ring pair answer its requests in order; a response that does not is counted as wrong.
 */
import type { EFAULT } from "@stopcopy/errno"
import type { Ledger } from "@stopcopy/qat"
import { Clock, Effect, Either, Fiber } from "effect"
import { PCGRandom } from "effect/Utils"
import type { AccessError } from "../Attachment.ts"
import { Gate } from "../Gate.ts"
import type { DriverError, RingFull } from "../qat/errors.ts"
import type { QatDriver } from "../qat/QatDriver.ts"
import { readResponse } from "../qat/Requests.ts"
import type { RingOptions, RingPair } from "../qat/RingPair.ts"
import { type Job, type JobKind, Jobs, type Random } from "./Jobs.ts"

/** What runs on one bank. */
export interface LaneOptions extends RingOptions {
  readonly bank: number
  readonly kind: JobKind
}

export interface WorkloadOptions {
  readonly seed: number
  readonly lanes: ReadonlyArray<LaneOptions>
  /** Jobs that are under way at most, on all lanes. Default 64. */
  readonly jobs?: number
  /** The longest pause between two arrivals, in milliseconds. Default 3. */
  readonly pauseMillis?: number
}

interface Lane {
  readonly pair: RingPair
  readonly kind: JobKind
  readonly flying: Array<Job>
  submitted: number
  taken: number
  readonly wrong: Array<number>
}

export interface Report {
  readonly submitted: number
  readonly taken: number
  /** Responses that were not what they should be. */
  readonly wrong: number
  readonly seconds: number
  /** Responses a second. */
  readonly perSecond: number
}

export type WorkloadError = AccessError | EFAULT | RingFull

const usualJobs = 64
/** The most jobs of one arrival, and the longest pause between two, in milliseconds. */
const mostAtOnce = 6
const usualPause = 3
const vector = 0

export const randomFrom = (seed: number): Random => {
  const generator = new PCGRandom(seed)
  return (limit) => generator.integer(limit)
}

export class Workload {
  /** The guest's CPU: shut, the guest stands still. */
  readonly processor = new Gate()
  private readonly driver: QatDriver
  private readonly lanes: ReadonlyArray<Lane>
  private readonly jobs: Jobs
  private readonly random: Random
  private readonly pauseMillis: number
  private served = 0
  private isStopping = false
  private begun = 0
  private worked = 0
  private fiber: Fiber.RuntimeFiber<void, WorkloadError> | undefined

  private constructor(
    driver: QatDriver,
    lanes: ReadonlyArray<Lane>,
    jobs: Jobs,
    random: Random,
    pauseMillis = usualPause
  ) {
    this.driver = driver
    this.lanes = lanes
    this.jobs = jobs
    this.random = random
    this.pauseMillis = pauseMillis
  }

  /** A guest whose rings are set up, and who has not begun. */
  static make(driver: QatDriver, options: WorkloadOptions): Effect.Effect<Workload, DriverError> {
    return Effect.gen(function* () {
      const random = randomFrom(options.seed)
      const jobs = yield* Jobs.make(driver.arena, options.jobs ?? usualJobs, random)
      const lanes = yield* Effect.forEach(options.lanes, ({ bank, kind, ...rings }) =>
        Effect.map(driver.openRings(bank, rings), (pair) => ({
          pair,
          kind,
          flying: [],
          submitted: 0,
          taken: 0,
          wrong: []
        }))
      )
      return new Workload(driver, lanes, jobs, random, options.pauseMillis)
    })
  }

  private accept(lane: Lane, responses: ReadonlyArray<Uint8Array>): void {
    for (const bytes of responses) {
      const job = lane.flying.shift()
      const response = readResponse(bytes)
      const isRight = job?.opaque === response.opaque && job.isRight(response, this.driver.attachment.memory)
      if (!isRight) lane.wrong.push(lane.taken)
      if (job !== undefined) this.jobs.release(job)
      lane.taken++
    }
  }

  private submit(lane: Lane, wish: number): Effect.Effect<void, WorkloadError> {
    return Effect.suspend((): Effect.Effect<void, WorkloadError> => {
      const count = Math.min(wish, lane.pair.room, this.jobs.room)
      const batch: Array<Job> = []
      for (let index = 0; index < count; index++) {
        const job = this.jobs.make(this.driver.attachment.memory, lane.kind)
        if (Either.isLeft(job)) return Either.left(job.left)
        batch.push(job.right)
      }
      lane.flying.push(...batch)
      lane.submitted += count
      return lane.pair.submit(batch.map(({ request }) => request))
    })
  }

  /** Takes what is there, as each lane learns of it: when the vector was told, or by looking. */
  private get take(): Effect.Effect<void, WorkloadError> {
    return Effect.suspend(() => {
      const { attachment } = this.driver
      const told = attachment.lines.count(vector)
      const isTold = told !== this.served || !attachment.hasInterrupts
      this.served = told
      return Effect.forEach(
        this.lanes.filter(({ pair }) => isTold || !pair.interrupts),
        (lane) => {
          const taken = lane.pair.interrupts ? lane.pair.serve : lane.pair.take
          return Effect.map(taken, (responses) => this.accept(lane, responses))
        },
        { discard: true }
      )
    })
  }

  private get step(): Effect.Effect<void, WorkloadError> {
    return Effect.suspend(() => {
      const lane = this.lanes[this.random(this.lanes.length)]
      const submits = lane !== undefined && this.random(4) > 0
      return Effect.zipRight(submits ? this.submit(lane, 1 + this.random(mostAtOnce)) : Effect.void, this.take)
    })
  }

  private get work(): Effect.Effect<void, WorkloadError> {
    const pause = Effect.suspend(() => Effect.sleep(this.random(this.pauseMillis + 1)))
    return Effect.zipRight(Effect.uninterruptible(this.processor.pass(this.step)), pause).pipe(
      Effect.repeat({ until: () => this.isStopping }),
      Effect.asVoid
    )
  }

  /** Works until `stop`, in a fiber of its own. */
  get start(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      this.isStopping = false
      this.begun = yield* Clock.currentTimeMillis
      this.fiber = yield* Effect.forkDaemon(this.work)
    })
  }

  /** Submits nothing more, and waits until all that was submitted is answered. Fails as the work did, if it failed. */
  get stop(): Effect.Effect<void, WorkloadError> {
    return Effect.gen(this, function* () {
      this.isStopping = true
      if (this.fiber !== undefined) yield* Fiber.join(this.fiber)
      this.fiber = undefined
      const settle = Effect.zipRight(this.processor.pass(this.take), Effect.sleep(1))
      yield* Effect.repeat(settle, { until: () => this.inFlight === 0 })
      this.worked += (yield* Clock.currentTimeMillis) - this.begun
    })
  }

  /** Fails when the work does; waits for ever otherwise. */
  get broken(): Effect.Effect<never, WorkloadError> {
    return this.fiber === undefined ? Effect.never : Effect.zipRight(Fiber.join(this.fiber), Effect.never)
  }

  /** Ends when so many more responses were taken, or with the failure of the work. */
  more(count: number): Effect.Effect<void, WorkloadError> {
    return Effect.suspend(() => {
      const until = this.taken + count
      const enough = Effect.repeat(Effect.sleep(1), { until: () => this.taken >= until })
      return Effect.asVoid(this.fiber === undefined ? enough : Effect.raceFirst(enough, Fiber.join(this.fiber)))
    })
  }

  private sum(count: (lane: Lane) => number): number {
    return this.lanes.reduce((total, lane) => total + count(lane), 0)
  }

  get submitted(): number {
    return this.sum(({ submitted }) => submitted)
  }

  get taken(): number {
    return this.sum(({ taken }) => taken)
  }

  /** Requests without a response. */
  get inFlight(): number {
    return this.sum(({ flying }) => flying.length)
  }

  /** How it went, over the time between `start` and the end of `stop`. */
  get report(): Report {
    const seconds = this.worked / 1000
    const { submitted, taken } = this
    const wrong = this.sum(({ wrong: numbers }) => numbers.length)
    return { submitted, taken, wrong, seconds, perSecond: seconds === 0 ? 0 : taken / seconds }
  }

  /** What the guest knows, for the ledger. */
  get accounts(): ReadonlyArray<Ledger.GuestAccount> {
    return this.lanes.map(({ pair, submitted, taken, wrong }) => ({
      bank: pair.bank,
      submitted,
      taken,
      wrong,
      waitsForInterrupts: pair.interrupts
    }))
  }
}

/**
 * A guest at work: submits requests at random to several rings, takes responses, checks each, and keeps account of them for the ledger. One step
 * is what the guest does without being interrupted.
 */
import type { Ledger } from "@stopcopy/qat"
import { Effect } from "effect"
import type { Jobs, Pending, Random } from "./Jobs.ts"
import type { Attached, Failed, Response, RingPair } from "./RingPair.ts"

interface Lane {
  readonly pair: RingPair
  readonly kind: "symmetric" | "compression"
  readonly waitsForInterrupts: boolean
  readonly flying: Array<Pending>
  submitted: number
  taken: number
  readonly wrong: Array<number>
}

export class Workload {
  private readonly attached: Attached
  private readonly jobs: Jobs
  private readonly random: Random
  private readonly lanes: ReadonlyArray<Lane>
  /** Interrupts of the present device that were served, and how many the guest is to miss. */
  private served = 0
  missInterrupts = 0

  constructor(
    attached: Attached,
    jobs: Jobs,
    random: Random,
    lanes: ReadonlyArray<Pick<Lane, "pair" | "kind" | "waitsForInterrupts">>
  ) {
    this.attached = attached
    this.jobs = jobs
    this.random = random
    this.lanes = lanes.map((lane) => ({ ...lane, flying: [], submitted: 0, taken: 0, wrong: [] }))
  }

  /** Requests that were submitted. */
  get submitted(): number {
    return this.lanes.reduce((total, lane) => total + lane.submitted, 0)
  }

  /** Another device was attached: its interrupts are counted from its beginning. */
  moved(): void {
    this.served = 0
  }

  /** Sets all rings up. */
  get setup(): Effect.Effect<void, Failed> {
    return Effect.forEach(this.lanes, ({ pair }) => pair.setup, { discard: true })
  }

  private accept(lane: Lane, responses: ReadonlyArray<Response>): void {
    for (const { bytes } of responses) {
      const pending = lane.flying.shift()
      const opaque = new DataView(bytes.buffer).getBigUint64(8, true)
      if (pending === undefined) {
        lane.wrong.push(lane.taken)
      } else {
        if (pending.opaque !== opaque || !pending.isRight(bytes, this.attached.memory)) lane.wrong.push(lane.taken)
        this.jobs.release(pending)
      }
      lane.taken++
    }
  }

  /** Submits some requests to a bank. */
  submitTo(bank: number, wish: number): Effect.Effect<void, Failed> {
    const lane = this.lanes.find(({ pair }) => pair.bank === bank)
    return lane === undefined ? Effect.void : this.submit(lane, wish)
  }

  private submit(lane: Lane, wish: number): Effect.Effect<void, Failed> {
    const count = Math.min(wish, lane.pair.room, this.jobs.room)
    if (count === 0) return Effect.void
    const { memory } = this.attached
    const batch = Array.from({ length: count }, () =>
      lane.kind === "symmetric" ? this.jobs.symmetric(memory) : this.jobs.compression(memory)
    )
    lane.flying.push(...batch)
    lane.submitted += count
    return lane.pair.submit(batch.map(({ request }) => request))
  }

  private get interrupted(): Effect.Effect<void, Failed> {
    return Effect.suspend(() => {
      const given = this.attached.interrupts()
      if (given === this.served) return Effect.void
      this.served = given
      if (this.missInterrupts > 0) {
        this.missInterrupts--
        return Effect.void
      }
      return Effect.forEach(
        this.lanes.filter(({ waitsForInterrupts }) => waitsForInterrupts),
        (lane) => Effect.map(lane.pair.serve, (responses) => this.accept(lane, responses)),
        { discard: true }
      )
    })
  }

  private get polled(): Effect.Effect<void, Failed> {
    return Effect.forEach(
      this.lanes.filter(({ waitsForInterrupts }) => !waitsForInterrupts),
      (lane) => Effect.map(lane.pair.poll, (responses) => this.accept(lane, responses)),
      { discard: true }
    )
  }

  /** Takes what is there, as its lanes learn of it. */
  get take(): Effect.Effect<void, Failed> {
    return Effect.zipRight(this.interrupted, this.polled)
  }

  /** Something at random: submits to a ring, takes, or both. */
  get step(): Effect.Effect<void, Failed> {
    return Effect.suspend(() => {
      const lane = this.lanes[this.random(this.lanes.length)]
      const submits = lane !== undefined && this.random(3) > 0
      return Effect.zipRight(
        submits ? this.submit(lane, 1 + this.random(12)) : Effect.void,
        this.random(2) === 0 ? this.take : Effect.void
      )
    })
  }

  /** Requests without a response. */
  get inFlight(): number {
    return this.lanes.reduce((total, lane) => total + lane.flying.length, 0)
  }

  /** What the guest knows, for the ledger. */
  get accounts(): ReadonlyArray<Ledger.GuestAccount> {
    return this.lanes.map(({ pair, submitted, taken, waitsForInterrupts, wrong }) => ({
      bank: pair.bank,
      submitted,
      taken,
      wrong,
      waitsForInterrupts
    }))
  }
}

/**
 * Whose turn it is among parties that share a bucket, so that none takes it all by asking first: start-time fair queueing. Source: Goyal,
 * Vin and Cheng, "Start-time Fair Queueing", 1996. There is no queue as such: parties are told when to ask again, and may stay away.
 */

/** How late a party may come back before its turn is given to others, in microseconds. */
const graceMicros = 5000
/** When to ask again while another is late, in microseconds. */
const lateMicros = 100

interface Waiting {
  /** Its turn: the work it had been given, as far as that counts, when it began to wait. */
  readonly start: number
  /** When it was told to ask again, in microseconds. */
  readonly until: number
}

export class Turns {
  /** The turn of the work given last: a party that was away begins here. */
  #now = 0
  /** By party: the turn of its next work. */
  readonly #next = new Map<number, number>()
  readonly #waiting = new Map<number, Waiting>()

  #startOf(party: number): number {
    return Math.max(this.#now, this.#next.get(party) ?? 0)
  }

  /** Microseconds that `party` leaves to others whose turn is before its own; 0 if there is none. */
  before(party: number, now: number): number {
    if (this.#waiting.size === 0) return 0
    const mine = this.#startOf(party)
    let wait = 0
    for (const [other, { start, until }] of this.#waiting) {
      if (now > until + graceMicros) this.#waiting.delete(other)
      else if (other !== party && start < mine) wait = Math.max(wait, until - now, lateMicros)
    }
    return wait
  }

  /** `party` has work and was told to ask again at `until`. */
  wait(party: number, until: number): void {
    this.#waiting.set(party, { start: this.#startOf(party), until })
  }

  /** `party` does not wait for its turn any more, or for something else. */
  leave(party: number): void {
    this.#waiting.delete(party)
  }

  /** `party` was given work of this cost. */
  served(party: number, cost: number): void {
    this.#waiting.delete(party)
    this.#now = this.#startOf(party)
    this.#next.set(party, this.#now + cost)
  }
}

/** The book of injected faults: which are there, which messages they have seen, which they hit. A host asks it at every message. */
import { Effect } from "effect"
import { FaultRefused } from "./Errors.ts"
import type { Fault, FaultKind, InjectedFault } from "./Fault.ts"
import type { HostFaults } from "./Host.ts"
import type { DeviceName } from "./Values.ts"

/** How many faults a book has at most, also spent ones: each is looked at with every message. */
const faultLimit = 256

/** What a host meets: a message of one device. */
export interface Encounter {
  readonly device: DeviceName
  /** The kind of message, as in `FaultTarget`. */
  readonly message: string
  /** The kinds of fault that can be met here, by tag. */
  readonly kinds: ReadonlyArray<FaultKind["_tag"]>
}

interface Entry {
  readonly id: number
  readonly fault: Fault
  seen: number
  hits: number
}

const listed = ({ fault, hits, id, seen }: Entry): InjectedFault => ({ id, ...fault, seen, hits })

const isMeant = ({ fault: { kind, target } }: Entry, { device, kinds, message }: Encounter): boolean =>
  (target.device === null || target.device === device) &&
  (target.message === null || target.message === message) &&
  kinds.includes(kind._tag)

/** The faults of one host. */
export class FaultBook implements HostFaults {
  private entries: ReadonlyArray<Entry> = []
  private count = 0

  readonly inject = (fault: Fault): Effect.Effect<InjectedFault, FaultRefused> =>
    Effect.suspend(() => {
      if (this.entries.length >= faultLimit) {
        return new FaultRefused({ reason: `there are ${faultLimit} faults already; clear those that are spent` })
      }
      const entry: Entry = { id: ++this.count, fault, seen: 0, hits: 0 }
      this.entries = [...this.entries, entry]
      return Effect.succeed(listed(entry))
    })

  readonly list: Effect.Effect<ReadonlyArray<InjectedFault>> = Effect.sync(() => this.entries.map(listed))

  readonly clear = (ids: ReadonlyArray<number> | null): Effect.Effect<ReadonlyArray<InjectedFault>> =>
    Effect.sync(() => {
      const goes = ({ id }: Entry): boolean => ids === null || ids.includes(id)
      const gone = this.entries.filter(goes)
      this.entries = this.entries.filter((entry) => !goes(entry))
      return gone.map(listed)
    })

  /** Whether nothing is injected: what a hot path asks first. */
  get empty(): boolean {
    return this.entries.length === 0
  }

  /** Counts a message with every fault that is meant for it, and gives those it meets, in the order of injection. */
  meet(encounter: Encounter): ReadonlyArray<FaultKind> {
    if (this.empty) return []
    return this.entries.flatMap((entry) => {
      if (!isMeant(entry, encounter)) return []
      entry.seen++
      if (entry.seen < entry.fault.nth || entry.hits >= entry.fault.count) return []
      entry.hits++
      return [entry.fault.kind]
    })
  }
}

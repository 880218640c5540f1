/**
 * The part of the guests' VMM in a migration that a coordinator conducts: it follows the changes of state that the coordinator asks for, and takes each guest
 * from the VF that it leaves to the one that it gets. Source: `packages/vmm/README.md`, "A move".
 *
 * | change                | before it is made                              | when it is made                                            |
 * | --------------------- | ---------------------------------------------- | ---------------------------------------------------------- |
 * | source PRE_COPY       | attached to the destination as well            | memory is copied while the guest writes it                 |
 * | source STOP_COPY      | CPUs stand, accesses wait                      | the pages that were written last are copied                |
 * | destination RUNNING_P2P | config space restored, accesses will go there |                                                            |
 * | destination RUNNING   |                                                | accesses and CPUs go on; the memory at the source is freed |
 * | source RUNNING        |                                                | back: accesses and CPUs go on at the source                |
 *
 * M1 A call that is repeated does nothing a second time.
 * M2 Who stands where is known to the coordinator alone: it is asked for the VF that a guest gets.
 */
import { beginMove, type Move } from "@stopcopy/vmm"
import type { Host as VmmHost } from "@stopcopy/vmm/node"
import { Data, Effect, Exit, Scope } from "effect"
import type { Guest, Room } from "./Guest.ts"
import type { AroundChange, StateChange } from "./VmmAgent.ts"

/** A VF of a host. */
export interface Place {
  readonly host: string
  readonly device: string
}

/** How a guest went over. */
export interface Passage {
  /** Pages of its memory: while it worked, and after it stood still. */
  readonly live: number
  readonly last: number
  /** Answers that it had before, and until it worked at the destination. */
  readonly before: number
  readonly until: number
}

interface MovesOptions {
  readonly vmm: VmmHost
  readonly guests: ReadonlyArray<Guest>
  /** Where a VF goes in a migration. */
  readonly destinationOf: (migration: string, from: Place) => Effect.Effect<Place, { readonly message: string }>
  /** The vfio-user socket of a VF. */
  readonly socketOf: (place: Place) => Effect.Effect<string, { readonly message: string }>
}

/** A guest on its way. */
interface Underway {
  readonly guest: Guest
  readonly migration: string
  readonly from: Place
  readonly to: Place
  readonly move: Move
  readonly room: Room
  readonly scope: Scope.CloseableScope
  /** Answers that the guest had when it began. */
  readonly before: number
  live: number
  last: number
  isLogging: boolean
}

class MoveFailed extends Data.TaggedError("MoveFailed")<{ readonly message: string }> {}

const isAt = (one: Place, { device, host }: Place): boolean => one.host === host && one.device === device

/** A source that is gone has taken its log along, and would be waited for. */
const logPatience = "2 seconds"

/** Copies the pages that were written since the last time; how many. */
const copyDirty = ({ guest: { attachment }, room }: Underway) =>
  Effect.flatMap(attachment.dirty.takeAll, (pages) =>
    Effect.as(attachment.memory.copyPages(pages, room.space.memory), pages.length)
  )

export class Moves implements AroundChange {
  private readonly options: MovesOptions
  private readonly underway = new Set<Underway>()
  private readonly passages = new Map<string, Passage>()

  constructor(options: MovesOptions) {
    this.options = options
  }

  /** How a guest went over the last time. */
  passageOf(guest: string): Passage | undefined {
    return this.passages.get(guest)
  }

  private find(side: "from" | "to", change: StateChange): Underway | undefined {
    return [...this.underway].find((each) => each.migration === change.migration && isAt(each[side], change))
  }

  readonly before = (change: StateChange) =>
    Effect.suspend(() => {
      const leaving = this.find("from", change)
      switch (change.to) {
        case "PRE_COPY":
          return leaving === undefined ? this.begin(change) : Effect.void
        case "STOP_COPY":
          return leaving?.move.stage === "begun" ? this.quiesce(leaving) : Effect.void
        case "RUNNING_P2P": {
          const { move } = this.find("to", change) ?? {}
          return move?.stage === "quiesced" ? move.commit : Effect.void
        }
        default:
          return Effect.void
      }
    }).pipe(Effect.mapError((error) => new MoveFailed({ message: error.message })))

  readonly after = (change: StateChange) =>
    Effect.suspend(() => {
      const leaving = this.find("from", change)
      switch (change.to) {
        case "PRE_COPY":
          return leaving?.isLogging === false ? this.copyLive(leaving) : Effect.void
        case "STOP_COPY":
          return leaving?.isLogging === true ? this.copyLast(leaving) : Effect.void
        case "RUNNING": {
          if (leaving !== undefined) return this.rollBack(leaving)
          const arriving = this.find("to", change)
          return arriving === undefined ? Effect.void : this.arrive(arriving)
        }
        default:
          return Effect.void
      }
    }).pipe(Effect.mapError((error) => new MoveFailed({ message: error.message })))

  private begin(change: StateChange) {
    const { destinationOf, guests, socketOf, vmm } = this.options
    const { device, host, migration } = change
    const guest = guests.find(({ place }) => isAt(place, change))
    if (guest === undefined || migration === undefined) return Effect.void
    return Effect.gen(this, function* () {
      const to = yield* destinationOf(migration, change)
      const socket = yield* socketOf(to)
      const room = yield* guest.newRoom
      const scope = yield* Scope.make()
      const opened = Scope.extend(beginMove(guest.attachment, vmm.wire(socket), room.space), scope)
      const move = yield* Effect.onError(opened, (cause) =>
        Effect.zipRight(Scope.close(scope, Exit.failCause(cause)), room.free)
      )
      const counts = { before: guest.workload.taken, live: 0, last: 0, isLogging: false }
      this.underway.add({ guest, migration, from: { host, device }, to, move, room, scope, ...counts })
    })
  }

  /** All of the memory, then what was written meanwhile. */
  private copyLive(one: Underway) {
    const { guest, room } = one
    const { attachment } = guest
    return Effect.gen(function* () {
      yield* attachment.dirty.start
      one.isLogging = true
      const all = attachment.memory.residentPages
      yield* attachment.memory.copyPages(all, room.space.memory)
      one.live = all.length + (yield* copyDirty(one))
    })
  }

  private quiesce({ guest, move }: Underway) {
    return Effect.zipRight(guest.workload.processor.shut, move.quiesce)
  }

  private copyLast(one: Underway) {
    return Effect.gen(function* () {
      one.last = yield* copyDirty(one)
      yield* one.guest.attachment.dirty.stop
      one.isLogging = false
    })
  }

  /** The guest is there: what it had at the source is given back. */
  private arrive(one: Underway) {
    const { before, guest, last, live, move, room, scope, to } = one
    return Effect.gen(this, function* () {
      yield* move.resume
      this.passages.set(guest.name, { live, last, before, until: guest.workload.taken })
      yield* guest.workload.processor.open
      this.underway.delete(one)
      yield* Scope.close(scope, Exit.void)
      yield* guest.place.room.free
      Object.assign(guest.place, { ...to, room })
    })
  }

  private rollBack(one: Underway) {
    const { guest, move, room, scope } = one
    const log = one.isLogging
      ? Effect.timeoutOption(Effect.ignore(guest.attachment.dirty.stop), logPatience)
      : Effect.void
    return Effect.gen(this, function* () {
      this.underway.delete(one)
      yield* move.rollback
      yield* guest.workload.processor.open
      yield* log
      yield* Scope.close(scope, Exit.void)
      yield* room.free
    })
  }
}

/** What outlives the processes of a host, and how one of them starts. */
import type { Epochs, Handlers, HostDevice } from "@stopcopy/agent"
import type { Errno } from "@stopcopy/errno"
import type { QatVfioPci } from "@stopcopy/qat"
import { ActorSystem, Journal, type JournalError } from "@stopcopy/runtime"
import type { MigrationState } from "@stopcopy/vfio"
import { type Context, Effect, Layer, type Scope } from "effect"
import { type Fuse, fused } from "./Fuse.ts"
import type { Guest } from "./Guest.ts"

/** What a host keeps. */
export interface Disk {
  readonly name: string
  /** The same every time; made when it is first used. */
  readonly journal: Effect.Effect<Context.Tag.Service<Journal>>
  /** Of a host whose devices are in memory; others keep epochs in the journal. */
  readonly epochs: Map<string, Epochs.EpochRecord>
  /** Who may work on its devices, in the order of the group: their memory is what the devices see. */
  readonly guests: ReadonlyArray<Guest>
}

export const deviceOf = (number: number): string => `pf0/vf${number}`

/** How a device is, and who may run it. */
export interface Seen {
  readonly state: MigrationState
  readonly record: Epochs.EpochRecord
}

/** One process of a host. */
export interface Life {
  readonly handlers: Effect.Effect.Success<typeof Handlers.make>
  readonly fuse: Fuse
  readonly devices: ReadonlyArray<HostDevice>
  /** Its devices now, in their order. */
  readonly look: () => ReadonlyArray<Seen>
  /** What guests reach of the devices; none for devices in memory. */
  readonly drivers: ReadonlyArray<QatVfioPci.QatVfioPci>
}

/** Starts a process over the disk. `guest`: a number that tells this guest's registers from others; none for a free host. */
export type Start = (
  disk: Disk,
  fuse: Fuse,
  guest?: number
) => Effect.Effect<Life, Errno | JournalError | { readonly _tag: string }, Scope.Scope>

/** Actors of their own over a journal that ends with the fuse; until the test's scope closes. */
export const inProcess =
  (journal: Context.Tag.Service<Journal>, fuse: Fuse) =>
  <A, E>(program: Effect.Effect<A, E, ActorSystem>): Effect.Effect<A, E, Scope.Scope> =>
    Effect.flatMap(
      Layer.build(Layer.provide(Layer.fresh(ActorSystem.layer), Layer.succeed(Journal, fused(journal, fuse)))),
      (context) => Effect.provide(program, context)
    )

/** A journal in memory, until the scope closes. */
export const newJournal: Effect.Effect<Context.Tag.Service<Journal>, never, Scope.Scope> = Effect.flatMap(
  Layer.build(Layer.fresh(Journal.layerMemory)),
  (context) => Effect.provide(Journal, context)
)

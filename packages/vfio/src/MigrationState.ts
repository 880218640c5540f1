/**
 * The eight states of the VFIO migration protocol v2: their names, their numbers and what a device does in each.
 * Source: `include/uapi/linux/vfio.h`. Which features a state needs is in `MigrationFlags.ts`.
 */
import { Option, Schema } from "effect"

/** A migration state by its uAPI name. RUNNING is the state after open and after every reset. */
export const MigrationState = Schema.Literal(
  "ERROR",
  "STOP",
  "RUNNING",
  "STOP_COPY",
  "RESUMING",
  "RUNNING_P2P",
  "PRE_COPY",
  "PRE_COPY_P2P"
)
export type MigrationState = typeof MigrationState.Type

/** Every state, in the order of its number: `all[3]` is STOP_COPY. */
export const all: ReadonlyArray<MigrationState> = MigrationState.literals

/** What a device does in a state. ERROR promises nothing. */
export interface StateFacts {
  /** The uAPI number, 0 to 7. */
  readonly number: number
  /** Outgoing DMA. `noNewPeer`: no new peer-to-peer DMA; a device that cannot tell it apart starts none at all. */
  readonly dma: "undefined" | "none" | "all" | "noNewPeer"
  /** Who may change the device's internal state: the device, only the bytes that are loaded, or nobody. */
  readonly changes: "undefined" | "none" | "loading" | "limited" | "tracked" | "free"
  /** Register and config access. `tolerated`: answered without harm to the host; results may be lost. */
  readonly access: "undefined" | "tolerated" | "full"
  /** The data transfer session that is open throughout this state. */
  readonly session: "none" | "saving" | "resuming"
}

/** The facts of every state, as data. */
export const facts: Readonly<Record<MigrationState, StateFacts>> = {
  ERROR: { number: 0, dma: "undefined", changes: "undefined", access: "undefined", session: "none" },
  STOP: { number: 1, dma: "none", changes: "none", access: "tolerated", session: "none" },
  RUNNING: { number: 2, dma: "all", changes: "free", access: "full", session: "none" },
  STOP_COPY: { number: 3, dma: "none", changes: "none", access: "tolerated", session: "saving" },
  RESUMING: { number: 4, dma: "none", changes: "loading", access: "tolerated", session: "resuming" },
  RUNNING_P2P: { number: 5, dma: "noNewPeer", changes: "limited", access: "full", session: "none" },
  PRE_COPY: { number: 6, dma: "all", changes: "tracked", access: "full", session: "saving" },
  PRE_COPY_P2P: { number: 7, dma: "noNewPeer", changes: "limited", access: "full", session: "saving" }
}

/** The uAPI number of a state. Total. */
export const toNumber = (state: MigrationState): number => facts[state].number

/** The state of a uAPI number; none for anything but the integers 0 to 7. */
export const fromNumber = (number: number): Option.Option<MigrationState> => Option.fromNullable(all[number])

/** A number as people read it: `STOP_COPY (3)`, or `9` when no state has it. Total. */
export const describeNumber = (number: number): string =>
  Option.match(fromNumber(number), { onNone: () => String(number), onSome: (state) => `${state} (${number})` })

/** RUNNING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P: registers are served in full and no access may be lost. */
export const isRunning = (state: MigrationState): boolean => facts[state].access === "full"

/** The saving group: PRE_COPY, PRE_COPY_P2P, STOP_COPY. A saving file is alive. */
export const isSaving = (state: MigrationState): boolean => facts[state].session === "saving"

/** PRE_COPY or PRE_COPY_P2P: the states in which precopy info may be asked for. */
export const isPreCopy = (state: MigrationState): boolean => isSaving(state) && isRunning(state)

/** RUNNING_P2P or PRE_COPY_P2P: doorbells are taken, no new DMA is started, work in flight is complete. */
export const isP2P = (state: MigrationState): boolean => facts[state].dma === "noNewPeer"

/** RUNNING or PRE_COPY: the device may start DMA of any kind. */
export const startsDma = (state: MigrationState): boolean => facts[state].dma === "all"

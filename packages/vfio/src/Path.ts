/**
 * Whole ways from one state to another: the loop that every v2 driver runs, the arcs a driver must implement for its
 * features, and what each arc does to the data session. Sources: the comment of `vfio_mig_get_next_state` in
 * `drivers/vfio/vfio_main.c`, `include/uapi/linux/vfio.h`, the set-state callback of `drivers/vfio/pci/qat/main.c`.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { P2P, PRE_COPY, STOP_COPY } from "./MigrationFlags.ts"
import type { MigrationState } from "./MigrationState.ts"
import { nextState } from "./NextState.ts"

/** One step between two states that a driver executes as a whole. */
export interface Arc {
  readonly from: MigrationState
  readonly to: MigrationState
}

/** Where a request led. State numbers, because a request may carry any. */
export interface Walk {
  /** The states reached, in order; empty if none was. */
  readonly path: ReadonlyArray<number>
  /** The last state reached: a refused request does not roll back. */
  readonly end: number
  readonly error: EINVAL | undefined
}

/**
 * The way a device goes from `current` when `requested` is asked for and every arc succeeds. To request the current
 * state is an empty path and no error, even for a number that no state has: the loop never starts. Always ends.
 */
export const walk = (flags: number, current: number, requested: number): Walk => {
  const path: Array<number> = []
  let end = current
  while (end !== requested) {
    const next = nextState(flags, end, requested)
    if (Either.isLeft(next)) return { path, end, error: next.left }
    end = next.right
    path.push(end)
  }
  return { path, end, error: undefined }
}

const arc = (from: MigrationState, to: MigrationState): Arc => ({ from, to })

/** Arcs by the features that bring them: present if `flags & mask` equals `when`. */
const arcSets: ReadonlyArray<{ readonly mask: number; readonly when: number; readonly arcs: ReadonlyArray<Arc> }> = [
  {
    mask: STOP_COPY,
    when: STOP_COPY,
    arcs: [arc("RESUMING", "STOP"), arc("STOP", "RESUMING"), arc("STOP", "STOP_COPY"), arc("STOP_COPY", "STOP")]
  },
  {
    mask: STOP_COPY | P2P,
    when: STOP_COPY,
    arcs: [arc("RUNNING", "STOP"), arc("STOP", "RUNNING")]
  },
  {
    mask: STOP_COPY | P2P,
    when: STOP_COPY | P2P,
    arcs: [
      arc("RUNNING", "RUNNING_P2P"),
      arc("RUNNING_P2P", "RUNNING"),
      arc("RUNNING_P2P", "STOP"),
      arc("STOP", "RUNNING_P2P")
    ]
  },
  {
    mask: STOP_COPY | P2P | PRE_COPY,
    when: STOP_COPY | PRE_COPY,
    arcs: [arc("RUNNING", "PRE_COPY"), arc("PRE_COPY", "RUNNING"), arc("PRE_COPY", "STOP_COPY")]
  },
  {
    mask: STOP_COPY | P2P | PRE_COPY,
    when: STOP_COPY | P2P | PRE_COPY,
    arcs: [
      arc("PRE_COPY", "RUNNING"),
      arc("PRE_COPY", "PRE_COPY_P2P"),
      arc("PRE_COPY_P2P", "PRE_COPY"),
      arc("PRE_COPY_P2P", "RUNNING_P2P"),
      arc("PRE_COPY_P2P", "STOP_COPY"),
      arc("RUNNING", "PRE_COPY"),
      arc("RUNNING_P2P", "PRE_COPY_P2P")
    ]
  }
]

/** Every arc a driver with these features implements, and no other; none without STOP_COPY. */
export const arcs = (flags: number): ReadonlyArray<Arc> =>
  arcSets.filter(({ mask, when }) => (flags & mask) === when).flatMap((set) => set.arcs)

/**
 * What an arc does to the data session. `opensSaving`, `opensResuming`: a new file is handed to the caller, by the last
 * arc of a request only. `continuesSaving`: the same file goes on, nothing is handed out. `endsSaving`: the file is
 * dead. `completesLoad`: what was written is validated and loaded, then the file is dead. `none`: no session.
 */
export type SessionEffect =
  "none" | "opensSaving" | "continuesSaving" | "endsSaving" | "opensResuming" | "completesLoad"

const sessionEffects: ReadonlyMap<string, SessionEffect> = new Map([
  ["STOP>STOP_COPY", "opensSaving"],
  ["RUNNING>PRE_COPY", "opensSaving"],
  ["RUNNING_P2P>PRE_COPY_P2P", "opensSaving"],
  ["PRE_COPY>PRE_COPY_P2P", "continuesSaving"],
  ["PRE_COPY_P2P>PRE_COPY", "continuesSaving"],
  ["PRE_COPY_P2P>STOP_COPY", "continuesSaving"],
  ["PRE_COPY>STOP_COPY", "continuesSaving"],
  ["STOP_COPY>STOP", "endsSaving"],
  ["PRE_COPY>RUNNING", "endsSaving"],
  ["PRE_COPY_P2P>RUNNING_P2P", "endsSaving"],
  ["STOP>RESUMING", "opensResuming"],
  ["RESUMING>STOP", "completesLoad"]
])

/** What a single arc does to the data session. Total: a pair that is no arc does nothing. */
export const sessionEffect = ({ from, to }: Arc): SessionEffect => sessionEffects.get(`${from}>${to}`) ?? "none"

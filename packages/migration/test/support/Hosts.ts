/** A host as it outlives its processes, and what is seen of its devices. */
import type { Side } from "@stopcopy/migration"
import { MigrationStates } from "@stopcopy/vfio"
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import type { Disk, Life, Seen } from "./Life.ts"

export class Host {
  readonly disk: Disk
  readonly side: Side
  life: Life
  /** Of the present process. */
  scope: Scope.CloseableScope
  cut = false
  failedCalls = 0
  /** One process after the other. */
  readonly starting = Effect.unsafeMakeSemaphore(1)

  constructor(side: Side, disk: Disk, life: Life, scope: Scope.CloseableScope) {
    this.side = side
    this.disk = disk
    this.life = life
    this.scope = scope
  }

  get isDown(): boolean {
    return this.cut || this.life.fuse.blown
  }
}

/** Whether a device runs the guest. A destination that was never fenced runs as it was born, without a guest. */
export const runs = (side: Side, { record: { epoch, standing }, state }: Seen): boolean =>
  standing === "held" && MigrationStates.isRunning(state) && (side === "source" || epoch > 0)

export const assertTogether = (side: Side, seen: ReadonlyArray<Seen>): void => {
  const starts = seen.some(({ record, state }) => record.standing === "held" && MigrationStates.startsDma(state))
  const stands = seen.some(({ state }) => !MigrationStates.isRunning(state))
  if (starts && stands) assert.fail(`${side}: ${seen.map(({ state }) => state).join(", ")}`)
}

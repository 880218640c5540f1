/** Downtimes of the last migrations that completed: what forecasts are made from. */
import type { Downtime } from "@stopcopy/migration"

/** So many are kept, the newest. */
export const historyLimit = 256

export class Downtimes {
  private kept: ReadonlyArray<Downtime.Downtime> = []

  add(downtime: Downtime.Downtime): void {
    this.kept = [...this.kept, downtime].slice(-historyLimit)
  }

  get all(): ReadonlyArray<Downtime.Downtime> {
    return this.kept
  }
}

/** How long each guest stood still, split by cause, as a table. Pure. */
import type { Migration } from "@stopcopy/coordinator-api"
import { columns } from "../Columns.ts"
import { downtimeParts } from "../operate/MigrationText.ts"

const millis = (micros: number): string => (micros / 1000).toFixed(1)

/** A row for each migration, in milliseconds. */
export const downtimeLines = (migrations: ReadonlyArray<Migration>): ReadonlyArray<string> =>
  columns(
    [
      ["guest", "whole", ...downtimeParts],
      ...migrations.map(({ downtime, group }) => [
        group,
        ...(downtime === null
          ? ["not measured"]
          : [millis(downtime.whole), ...downtimeParts.map((part) => millis(downtime[part]))])
      ])
    ],
    ["left", ...Array.from({ length: downtimeParts.length + 1 }, () => "right" as const)]
  )

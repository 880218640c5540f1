/** What an event of the coordinator's journal changes of what pages show. Pure. Sources: `FleetEvent`, `MigrationEvent`. */
import type { Event } from "@stopcopy/coordinator-api"

/** `vfs`: also which migration and group each belongs to. */
export type Subject = "hosts" | "pfs" | "vfs" | "compatibility" | "evacuations" | "migrations" | "summary" | "policy"

const hosts: ReadonlyArray<Subject> = ["hosts", "pfs", "vfs", "compatibility"]
const cordons: ReadonlyArray<Subject> = ["hosts", "pfs", "compatibility"]
const migrations: ReadonlyArray<Subject> = ["migrations", "vfs", "compatibility", "evacuations", "summary"]

/** By the type of a fleet's event. A change of one device is taken from the event itself. */
const ofFleet = new Map<string, ReadonlyArray<Subject>>(
  Object.entries({
    DeviceNoted: ["compatibility"],
    HostRegistered: hosts,
    HostRemoved: hosts,
    HostDescribed: hosts,
    HealthNoted: cordons,
    Cordoned: cordons,
    Uncordoned: cordons,
    GroupDefined: ["vfs", "compatibility"],
    GroupRemoved: ["vfs", "compatibility"],
    MigrationQueued: migrations,
    MigrationRedirected: migrations,
    MigrationStarted: migrations,
    CancelRequested: migrations,
    RetryScheduled: migrations,
    RetryDue: migrations,
    MigrationFinished: migrations,
    PairFailed: ["migrations"],
    PairRecovered: ["migrations"],
    EvacuationStarted: ["evacuations", ...cordons],
    EvacuationCancelled: ["evacuations"],
    EvacuationFinished: ["evacuations"],
    PolicySet: ["policy", "migrations"]
  } satisfies Record<string, ReadonlyArray<Subject>>)
)

const ofMigration: ReadonlyArray<Subject> = ["migrations", "summary"]
const nothing: ReadonlyArray<Subject> = []

export const touches = ({ stream, type }: Pick<Event, "stream" | "type">): ReadonlyArray<Subject> => {
  if (stream.startsWith("fleet/")) return ofFleet.get(type) ?? nothing
  return stream.startsWith("migration/") ? ofMigration : nothing
}

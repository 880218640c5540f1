/** The migration as a behavior: stream `migration/ID`, where ID is also the correlation of all that hosts record for it. */
import { Behavior } from "@stopcopy/runtime"
import type { MigrationDenied } from "./Failure.ts"
import { MigrationCommand } from "./MigrationCommand.ts"
import { decide } from "./MigrationDecide.ts"
import { MigrationEvent } from "./MigrationEvent.ts"
import { evolve } from "./MigrationEvolve.ts"
import { initial, Migration } from "./MigrationState.ts"
import type { Phase } from "./Step.ts"

/** What is decided and what is recorded. The answer is the phase that the command led to. */
export const behavior: Behavior.Behavior<Migration, MigrationCommand, MigrationEvent, Phase, MigrationDenied> =
  Behavior.make({
    name: "migration",
    version: 1,
    state: Migration,
    command: MigrationCommand,
    event: MigrationEvent,
    initial,
    decide,
    evolve
  })

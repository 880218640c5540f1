/** What the guest's VMM is asked at the steps of a device, with its time limit. Whatever keeps it from answering is an errno of the step. */
import { ECANCELED, ETIMEDOUT } from "@stopcopy/errno"
import { Effect } from "effect"
import { type Destination, type GuestHooks, guestMillis, type GuestRefused } from "../Guest.ts"
import type { HostDevice } from "../Host.ts"
import type { MigrationId } from "../Values.ts"

type GuestError = ECANCELED | ETIMEDOUT

/** Which migration, and where it leads. */
export interface Leading {
  readonly migration: MigrationId
  readonly destination: Destination
}

const remedy = "look at the VMM of this guest; it is asked again when the step is"

const refused = (device: string, step: string, { reason }: GuestRefused): ECANCELED =>
  new ECANCELED({
    refusal: {
      code: `agent.guest.${step}`,
      rule: "the guest's VMM takes part in the migration",
      where: device,
      source: reason,
      destination: step,
      remedy
    }
  })

const late = (device: string, step: string): ETIMEDOUT =>
  new ETIMEDOUT({
    refusal: {
      code: `agent.guest.${step}`,
      rule: `the guest's VMM answers within ${guestMillis} ms`,
      where: device,
      source: "no answer",
      destination: step,
      remedy
    }
  })

/** Asks the VMM of the guest on one device; nobody where there is none. */
export class GuestSteps {
  private readonly device: HostDevice

  constructor(device: HostDevice) {
    this.device = device
  }

  private ask(
    step: string,
    use: (guest: GuestHooks) => Effect.Effect<void, GuestRefused>
  ): Effect.Effect<void, GuestError> {
    const { facts, guest } = this.device
    if (guest === undefined) return Effect.void
    return use(guest).pipe(
      Effect.mapError((error) => refused(facts.name, step, error)),
      Effect.timeoutFail({ duration: guestMillis, onTimeout: () => late(facts.name, step) })
    )
  }

  prepare({ destination, migration }: Leading): Effect.Effect<void, GuestError> {
    return this.ask("prepare", (guest) => guest.prepare(migration, destination))
  }

  /** Prepared first, where nothing came before: a device without pre-copy is stopped at once. */
  pause(leading: Leading): Effect.Effect<void, GuestError> {
    return Effect.zipRight(
      this.prepare(leading),
      this.ask("pause", (guest) => guest.pause(leading.migration))
    )
  }

  switched({ destination, migration }: Leading): Effect.Effect<void, GuestError> {
    return this.ask("switched", (guest) => guest.switched(migration, destination))
  }

  get resumed(): Effect.Effect<void, GuestError> {
    return this.ask("resumed", (guest) => guest.resumed)
  }
}

/** Applies one event to the fleet. Total: an event about something that is not there changes nothing. */
import type { FleetEvent } from "./Event.ts"
import * as Evacuations from "./evolve/Evacuations.ts"
import * as Hosts from "./evolve/Hosts.ts"
import * as Migrations from "./evolve/Migrations.ts"
import { rebuild } from "./Lane.ts"
import type { Fleet } from "./State.ts"

const policySet = (state: Fleet, policy: Fleet["policy"]): Fleet => {
  const next = { ...state, policy }
  return policy.ageingMs === state.policy.ageingMs ? next : { ...next, lanes: rebuild(next) }
}

export const evolve = (state: Fleet, event: FleetEvent): Fleet => {
  switch (event._tag) {
    case "PolicySet":
      return policySet(state, event.policy)
    case "HostRegistered":
      return Hosts.registered(state, event)
    case "HostRemoved":
      return Hosts.removed(state, event)
    case "HostDescribed":
      return Hosts.described(state, event)
    case "DeviceNoted":
      return Hosts.deviceNoted(state, event)
    case "HealthNoted":
      return Hosts.healthNoted(state, event)
    case "Cordoned":
      return Hosts.cordoned(state, event)
    case "Uncordoned":
      return Hosts.uncordoned(state, event)
    case "GroupDefined":
      return Hosts.withGroup(state, { id: event.group, host: event.host, devices: event.devices })
    case "GroupRemoved":
      return Hosts.withoutGroup(state, event.group)
    case "MigrationQueued":
      return Migrations.queued(state, event)
    case "MigrationRedirected":
      return Migrations.redirected(state, event)
    case "MigrationStarted":
      return Migrations.started(state, event)
    case "CancelRequested":
      return Migrations.cancelRequested(state, event)
    case "RetryScheduled":
      return Migrations.retryScheduled(state, event)
    case "RetryDue":
      return Migrations.retryDue(state, event)
    case "MigrationFinished":
      return Migrations.finished(state, event)
    case "PairFailed":
      return Migrations.pairFailed(state, event)
    case "PairRecovered":
      return Migrations.pairRecovered(state, event)
    case "EvacuationStarted":
      return Evacuations.started(state, event)
    case "EvacuationCancelled":
      return Evacuations.cancelled(state, event)
    case "EvacuationFinished":
      return Evacuations.finished(state, event)
  }
}

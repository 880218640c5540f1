/**
 * The fleet as an actor: hosts, policy, queue, evacuations. It decides what goes where and when; one migration is decided by its own decider, and hears
 * of the fleet only "start this migration of this group from here to there", to which it answers how it ended. No clock, no chance, no I/O.
 */
import { Behavior } from "@stopcopy/runtime"
import { FleetCommand } from "./Command.ts"
import { type Answer, accept, type Decision, unless } from "./Decision.ts"
import * as End from "./decide/End.ts"
import * as Evacuations from "./decide/Evacuations.ts"
import * as Hosts from "./decide/Hosts.ts"
import { schedule } from "./decide/Schedule.ts"
import { redirect } from "./decide/Redirect.ts"
import { submit } from "./decide/Submit.ts"
import { FleetEvent } from "./Event.ts"
import { evolve } from "./Evolve.ts"
import { type Policy, policyRefusals } from "./Policy.ts"
import type { FleetRefused } from "./Refused.ts"
import { Fleet, initial } from "./State.ts"

const setPolicy = (policy: Policy): Decision =>
  unless("invalid", policyRefusals(policy), () => accept([{ _tag: "PolicySet", policy }]))

export const decide = (state: Fleet, command: FleetCommand): Decision => {
  switch (command._tag) {
    case "SetPolicy":
      return setPolicy(command.policy)
    case "RegisterHost":
      return Hosts.registerHost(state, command)
    case "RemoveHost":
      return Hosts.removeHost(state, command)
    case "DescribeHost":
      return Hosts.describeHost(state, command)
    case "NoteDevice":
      return Hosts.noteDevice(state, command)
    case "NoteHealth":
      return Hosts.noteHealth(state, command)
    case "Cordon":
      return Hosts.cordon(state, command)
    case "Uncordon":
      return Hosts.uncordon(state, command)
    case "DefineGroup":
      return Hosts.defineGroup(state, command)
    case "RemoveGroup":
      return Hosts.removeGroup(state, command)
    case "Submit":
      return submit(state, command)
    case "Redirect":
      return redirect(state, command)
    case "Schedule":
      return schedule(state, command)
    case "End":
      return End.end(state, command)
    case "Cancel":
      return End.cancel(state, command)
    case "Evacuate":
      return Evacuations.evacuate(state, command)
    case "CancelEvacuation":
      return Evacuations.cancelEvacuation(state, command)
  }
}

/** One fleet has one stream: `fleet/NAME`. */
export const behavior: Behavior.Behavior<Fleet, FleetCommand, FleetEvent, Answer, FleetRefused> = Behavior.make({
  name: "fleet",
  version: 1,
  state: Fleet,
  command: FleetCommand,
  event: FleetEvent,
  initial,
  decide,
  evolve
})

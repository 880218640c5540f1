/**
 * The physical function as an actor: every command to its rule. What a VF needs of it goes into the VF's commands as `PfFacts`, with the version
 * read at. Source: `qat_common/adf_gen4_hw_data.h`, `adf_rl.h`, `adf_sriov.c`; the rules are in `pf`.
 */
import { EBUSY, ENODEV, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { Either } from "effect"
import type { PfFacts } from "./Compatibility.ts"
import { PfCommand } from "./pf/Command.ts"
import { accept, type Decision, refuse } from "./pf/Decision.ts"
import { deviceTypes } from "./pf/DeviceType.ts"
import { PfEvent } from "./pf/Event.ts"
import { evolve } from "./pf/Evolve.ts"
import * as Heartbeat from "./pf/Heartbeat.ts"
import * as Restart from "./pf/Restart.ts"
import * as Sla from "./pf/Sla.ts"
import { setVfs } from "./pf/Sriov.ts"
import { type Holder, initial, Pf } from "./pf/State.ts"
import { because, hex } from "./Refusals.ts"
import { banksPerVf } from "./Registers.ts"

export { PfCommand, PfEvent, Pf, initial, evolve }
export { ringPairsPerSla, slasPerPf } from "./pf/Sla.ts"
export { PfDevice, type PfOptions } from "./pf/State.ts"

/** PF device ids of the driver `qat_4xxx`. */
const deviceIds: ReadonlySet<number> = new Set(deviceTypes.map(({ pf }) => pf))

type Configuration = Extract<PfCommand, { readonly _tag: "Configure" }>

const notGen4 = (id: number): ENODEV =>
  new ENODEV(
    because(
      "pf.id",
      "the PF must be a GEN4 device",
      "PCI id",
      hex(id),
      [...deviceIds].map(hex).join(", "),
      "use a 4xxx, 401xx or 402xx PF"
    )
  )

const vfsThere = (enabled: number): EBUSY =>
  new EBUSY(
    because(
      "pf.vfs.total.fixed",
      "how many VFs there can be is settled before they are enabled",
      "VFs",
      "another total",
      `${enabled} enabled`,
      "disable the VFs first"
    )
  )

const configure = (state: Pf, command: Configuration): Decision => {
  const { _tag, ...values } = command
  if (!deviceIds.has(command.deviceId)) return refuse("configure", notGen4(command.deviceId))
  const { device: before } = state
  const total = command.device?.totalVfs
  if (before !== undefined && before.vfs !== 0 && total !== undefined && total !== before.totalVfs) {
    return refuse("configure", vfsThere(before.vfs))
  }
  return Either.match(Sla.addableAll({ ...values, device: command.device ?? before }), {
    onLeft: (failure) => refuse("configure", failure),
    onRight: (slas) => accept([{ _tag: "Configured", ...values, slas }])
  })
}

const lockBusy = (vf: number, holder: string): EBUSY =>
  new EBUSY(
    because(
      "pf.mailbox",
      "a VF's mailbox lock has one holder",
      `VF ${vf}`,
      "requested",
      `held by ${holder}`,
      "try again for up to 5 ms"
    )
  )

const lock = (state: Pf, vf: number, holder: Holder): Decision => {
  const held = state.locks[`${vf}`]
  if (held === holder) return accept([])
  // A lock that is taken is no event: a save tries many times in its 5 ms.
  return held === undefined ? accept([{ _tag: "MailboxLocked", vf, holder }]) : Behavior.refuse([], lockBusy(vf, held))
}

const unlock = (state: Pf, vf: number, holder: Holder): Decision => {
  const held = state.locks[`${vf}`]
  if (held === undefined) return accept([])
  return held === holder ? accept([{ _tag: "MailboxUnlocked", vf }]) : refuse("unlock mailbox", lockBusy(vf, held))
}

export const decide = (state: Pf, command: PfCommand): Decision => {
  switch (command._tag) {
    case "Configure":
      return configure(state, command)
    case "AddSla":
      return Sla.add(state, command.sla)
    case "UpdateSla":
      return Sla.update(state, command.slot, command)
    case "RemoveSla":
      return Sla.remove(state, command.slot)
    case "LockMailbox":
      return lock(state, command.vf, command.holder)
    case "UnlockMailbox":
      return unlock(state, command.vf, command.holder)
    case "SetVfs":
      return setVfs(state, command)
    case "BeginRestart":
      return Restart.begin(state, command)
    case "EndRestart":
      return Restart.end(state)
    case "LoseDevice":
      return Restart.lose(state)
    case "NoteUnread":
      return Restart.noteUnread(state, command)
    case "NoteRunning":
      return Restart.noteRunning(state, command)
    case "CheckHeartbeat":
      return Heartbeat.check(state, command)
    case "InjectHeartbeatError":
      return Heartbeat.inject(state, command)
  }
}

/** What a VF's command carries of its PF. */
export const factsOf = ({ version, gencap, svcmap, extdc, rateLimiting, slas }: Pf): PfFacts => ({
  version,
  gencap,
  svcmap,
  extdc,
  rateLimiting,
  slas
})

/** Ring pairs of a VF, as numbers of the whole device. */
export const ringPairsOf = (vf: number): ReadonlyArray<number> =>
  Array.from({ length: banksPerVf }, (_, bank) => banksPerVf * vf + bank)

/** The stream of a PF is `pf/NAME`. */
export const behavior: Behavior.Behavior<Pf, PfCommand, PfEvent, void, Errno> = Behavior.make({
  name: "pf",
  version: 1,
  state: Pf,
  command: PfCommand,
  event: PfEvent,
  initial,
  decide,
  evolve
})

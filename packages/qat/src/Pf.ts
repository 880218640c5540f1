/**
 * The physical function: what it offers its VFs, and the mailbox locks. Source: `qat_common/adf_gen4_hw_data.h`,
 * `adf_rl.h`, `adf_sriov.c`. What a VF needs of it goes into the VF's commands as `PfFacts`, with the version read at.
 */
import { EBUSY, EINVAL, ENODEV, ENOSPC, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"
import type { PfFacts } from "./Compatibility.ts"
import { Failure, fromErrno } from "./Failure.ts"
import { Setup, Sla } from "./mstate/Block.ts"
import { because, hex } from "./Refusals.ts"
import { banksPerVf, vfsPerPf } from "./Registers.ts"

/** Leaf SLAs of one device, and ring pairs of one leaf, at most. */
export const slasPerPf = 64
export const ringPairsPerSla = 4

const VfNumber = Schema.Int.pipe(Schema.between(0, vfsPerPf - 1))
/** Who holds a VF's mailbox lock: the PF while it serves a message, or a migration while it saves. */
const Holder = Schema.Literal("service", "migration")

const facts = {
  /** PCI device id: 0x4940, 0x4942 or 0x4944. */
  deviceId: Schema.Int,
  ...Setup.fields,
  rateLimiting: Schema.Boolean,
  slas: Schema.Array(Sla)
}

export const Pf = Schema.Struct({
  /** Events so far: the version that `PfFacts` carry. */
  version: Schema.NonNegativeInt,
  ...facts,
  /** Held mailbox locks by VF number. */
  locks: Schema.Record({ key: Schema.String, value: Holder })
})
export type Pf = typeof Pf.Type

export const initial: Pf = {
  version: 0,
  deviceId: 0,
  gencap: 0,
  svcmap: 0,
  extdc: 0,
  rateLimiting: false,
  slas: [],
  locks: {}
}

export const PfEvent = Schema.Union(
  Schema.TaggedStruct("Configured", facts),
  Schema.TaggedStruct("SlaAdded", { sla: Sla }),
  Schema.TaggedStruct("SlaRemoved", { slot: Schema.Int }),
  Schema.TaggedStruct("MailboxLocked", { vf: VfNumber, holder: Holder }),
  Schema.TaggedStruct("MailboxUnlocked", { vf: VfNumber }),
  Schema.TaggedStruct("PfRefused", { operation: Schema.String, failure: Failure })
)
export type PfEvent = typeof PfEvent.Type

export const PfCommand = Schema.Union(
  /** The device comes up, or its configuration changes: all of it. */
  Schema.TaggedStruct("Configure", facts),
  Schema.TaggedStruct("AddSla", { sla: Sla }),
  Schema.TaggedStruct("RemoveSla", { slot: Schema.Int }),
  /** Taking a lock that the same holder has is no change. */
  Schema.TaggedStruct("LockMailbox", { vf: VfNumber, holder: Holder }),
  /** Only the holder unlocks. */
  Schema.TaggedStruct("UnlockMailbox", { vf: VfNumber, holder: Holder })
)
export type PfCommand = typeof PfCommand.Type

type Decision = Behavior.Decision<PfEvent, void, Errno>
type Configuration = Extract<PfCommand, { readonly _tag: "Configure" }>

const refuse = (operation: string, error: Errno): Decision =>
  Behavior.refuse([{ _tag: "PfRefused", operation, failure: fromErrno(error) }], error)
const accept = (events: ReadonlyArray<PfEvent>): Decision => Behavior.accept(events, undefined)

/** PF device ids of the driver `qat_4xxx`. */
const deviceIds: ReadonlySet<number> = new Set([0x4940, 0x4942, 0x4944])

const tooMany = (count: number): ENOSPC =>
  new ENOSPC(
    because(
      "pf.sla.count",
      "a device has a limited number of leaf SLAs",
      "SLAs",
      `${count}`,
      `${slasPerPf}`,
      "remove an SLA first"
    )
  )

const bitCount = (mask: bigint): number => {
  let count = 0
  for (let rest = mask; rest !== 0n; rest &= rest - 1n) count++
  return count
}

const largestService = 3

const slaFailure = (state: Pick<Pf, "rateLimiting" | "slas">, sla: Sla): Errno | undefined => {
  if (state.slas.length >= slasPerPf) return tooMany(state.slas.length + 1)
  if (!state.rateLimiting) {
    return new EINVAL(
      because(
        "pf.sla.off",
        "rate limiting must be on",
        "rate limiting",
        "off",
        "on",
        "configure the PF with rate limiting"
      )
    )
  }
  if (sla.service > largestService) {
    return new EINVAL(
      because(
        "pf.sla.service",
        "an SLA names a known service",
        "service",
        `${sla.service}`,
        `0..${largestService}`,
        "use 0 asym, 1 sym, 2 compression or 3 decompression"
      )
    )
  }
  const pairs = bitCount(sla.ringPairMask)
  if (pairs === 0 || pairs > ringPairsPerSla) {
    return new EINVAL(
      because(
        "pf.sla.pairs",
        "an SLA covers a few ring pairs",
        "ring pairs",
        `${pairs}`,
        `1..${ringPairsPerSla}`,
        "name between one and four ring pairs"
      )
    )
  }
  if (sla.cir > sla.pir) {
    return new EINVAL(
      because(
        "pf.sla.rates",
        "CIR must not be above PIR",
        "rates",
        `CIR ${sla.cir}`,
        `PIR ${sla.pir}`,
        "raise PIR or lower CIR"
      )
    )
  }
  const taken = state.slas.find((other) => (other.ringPairMask & sla.ringPairMask) !== 0n)
  if (taken === undefined) return undefined
  return new EBUSY(
    because(
      "pf.sla.taken",
      "a ring pair is in one SLA only",
      "ring pairs",
      hex(sla.ringPairMask),
      hex(taken.ringPairMask),
      "remove the other SLA first"
    )
  )
}

/** The first SLA of a whole configuration that could not have been added one by one. */
const slasFailure = ({ rateLimiting, slas }: Configuration): Errno | undefined => {
  for (const [slot, sla] of slas.entries()) {
    const failure = slaFailure({ rateLimiting, slas: slas.slice(0, slot) }, sla)
    if (failure !== undefined) return failure
  }
  return undefined
}

const configure = (command: Configuration): Decision => {
  const { _tag, ...values } = command
  if (!deviceIds.has(command.deviceId)) {
    const why = because(
      "pf.id",
      "the PF must be a GEN4 device",
      "PCI id",
      hex(command.deviceId),
      [...deviceIds].map(hex).join(", "),
      "use a 4xxx, 401xx or 402xx PF"
    )
    return refuse("configure", new ENODEV(why))
  }
  const failure = slasFailure(command)
  return failure === undefined ? accept([{ _tag: "Configured", ...values }]) : refuse("configure", failure)
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

const unlock = (state: Pf, vf: number, holder: typeof Holder.Type): Decision => {
  const held = state.locks[`${vf}`]
  if (held === undefined) return accept([])
  return held === holder ? accept([{ _tag: "MailboxUnlocked", vf }]) : refuse("unlock mailbox", lockBusy(vf, held))
}

export const decide = (state: Pf, command: PfCommand): Decision => {
  switch (command._tag) {
    case "Configure":
      return configure(command)
    case "AddSla": {
      const failure = slaFailure(state, command.sla)
      return failure === undefined ? accept([{ _tag: "SlaAdded", sla: command.sla }]) : refuse("add SLA", failure)
    }
    case "RemoveSla":
      if (state.slas[command.slot] !== undefined) return accept([{ _tag: "SlaRemoved", slot: command.slot }])
      return refuse(
        "remove SLA",
        new EINVAL(
          because(
            "pf.sla.slot",
            "the slot must be in use",
            "slot",
            `${command.slot}`,
            `0..${state.slas.length - 1}`,
            "list the SLAs of the PF"
          )
        )
      )
    case "LockMailbox": {
      const held = state.locks[`${command.vf}`]
      if (held === command.holder) return accept([])
      // A lock that is taken is no event: a save tries many times in its 5 ms.
      if (held !== undefined) return Behavior.refuse([], lockBusy(command.vf, held))
      return accept([{ _tag: "MailboxLocked", vf: command.vf, holder: command.holder }])
    }
    case "UnlockMailbox":
      return unlock(state, command.vf, command.holder)
  }
}

const apply = (state: Pf, event: PfEvent): Pf => {
  switch (event._tag) {
    case "Configured": {
      const { _tag, ...values } = event
      return { ...state, ...values }
    }
    case "SlaAdded":
      return { ...state, slas: [...state.slas, event.sla] }
    case "SlaRemoved":
      return { ...state, slas: state.slas.filter((_, slot) => slot !== event.slot) }
    case "MailboxLocked":
      return { ...state, locks: { ...state.locks, [`${event.vf}`]: event.holder } }
    case "MailboxUnlocked": {
      const { [`${event.vf}`]: _, ...locks } = state.locks
      return { ...state, locks }
    }
    case "PfRefused":
      return state
  }
}

export const evolve = (state: Pf, event: PfEvent): Pf => ({ ...apply(state, event), version: state.version + 1 })

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

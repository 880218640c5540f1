/**
 * Whether one VF may move onto another, with every reason why not. The rules of QAT are those of `@stopcopy/qat`, `Compatibility`; an agent's description
 * has what they need but for the compatibility version of the mailbox, which preflight asks for. An SLA names ring pairs of the whole device, so a VF with
 * an SLA fits only where the same ring pairs have one: in practice the same VF number.
 */
import { type Capabilities, isUnknown } from "@stopcopy/agent"
import type { Refusal } from "@stopcopy/errno"
import { Compatibility } from "@stopcopy/qat"
import { MigrationFlags } from "@stopcopy/vfio"
import { keyOf, type Located } from "./Host.ts"
import { because } from "./Refused.ts"

/** An agent names no version of its PF: what it says is as of the description. */
const factsOf = (capabilities: Capabilities): Compatibility.PfFacts => ({ ...capabilities, version: 0 })

/** The VF's name in the whole fleet. */
export const nameOf = ({ host, vf }: Located): string => keyOf(host.id, vf.name)

const unlike = (code: string, what: string, where: string, source: string, destination: string): Refusal =>
  because(code, `both VFs must have the same ${what}`, where, source, destination, `choose a VF with ${what} ${source}`)

const kindRefusals = (source: Located, destination: Located): ReadonlyArray<Refusal> => {
  const [one, other] = [source.vf, destination.vf]
  const where = nameOf(destination)
  const id = (value: number) => `0x${value.toString(16)}`
  const found: Array<Refusal> = []
  if (one.deviceType !== other.deviceType) {
    found.push(unlike("fleet.fit.type", "device type", where, one.deviceType, other.deviceType))
  }
  if (one.deviceId !== other.deviceId) {
    found.push(unlike("fleet.fit.id", "PCI device id", where, id(one.deviceId), id(other.deviceId)))
  }
  if (one.mode !== other.mode) found.push(unlike("fleet.fit.mode", "driver mode", where, one.mode, other.mode))
  const [has, lacks] = [one.migrationFlags, one.migrationFlags & ~other.migrationFlags]
  if (lacks !== 0) {
    found.push(
      because(
        "fleet.fit.flags",
        "the destination must have every migration feature of the source",
        where,
        MigrationFlags.describe(has),
        MigrationFlags.describe(other.migrationFlags),
        `choose a VF that also has ${MigrationFlags.describe(lacks)}`
      )
    )
  }
  return found
}

/** Reasons that concern all VFs of this kind on the destination PF: features and capabilities, no SLA. */
export const generalRefusals = (source: Located, destination: Located): ReadonlyArray<Refusal> => [
  ...kindRefusals(source, destination),
  ...capabilityRefusals(source, destination)
]

/** What a host does not know of a device cannot be compared; the preflight says so. */
const capabilityRefusals = (source: Located, destination: Located): ReadonlyArray<Refusal> =>
  isUnknown(source.vf, "capabilities") || isUnknown(destination.vf, "capabilities")
    ? []
    : Compatibility.setupRefusals(source.pf.capabilities, factsOf(destination.pf.capabilities)).map((refusal) => ({
        ...refusal,
        where: `${keyOf(destination.host.id, destination.pf.name)} ${refusal.where}`
      }))

/** The SLAs that a VF brings along. */
export const slasOf = ({ pf, vf }: Located): ReturnType<typeof Compatibility.slasOfVf> =>
  Compatibility.slasOfVf(factsOf(pf.capabilities), vf.vfNumber)

/** Reasons that concern this one VF: its SLAs. */
export const slaRefusals = (slas: ReturnType<typeof slasOf>, destination: Located): ReadonlyArray<Refusal> =>
  Compatibility.slaRefusals(slas, factsOf(destination.pf.capabilities), destination.vf.vfNumber).map((refusal) => ({
    ...refusal,
    where: `${nameOf(destination)} ${refusal.where}`
  }))

/** Every reason why this VF may not move onto that one. */
export const fitRefusals = (source: Located, destination: Located): ReadonlyArray<Refusal> => [
  ...generalRefusals(source, destination),
  ...slaRefusals(slasOf(source), destination)
]

/** Why this VF, in a group of so many, can move nowhere at all. */
const immovableAmong =
  (members: number) =>
  (source: Located): ReadonlyArray<Refusal> => {
    const { migrationFlags, state } = source.vf
    const needed = MigrationFlags.STOP_COPY | (members > 1 ? MigrationFlags.P2P : 0)
    const where = nameOf(source)
    const found: Array<Refusal> = []
    if ((migrationFlags & needed) !== needed) {
      const [has, needs] = [MigrationFlags.describe(migrationFlags), MigrationFlags.describe(needed)]
      const rule = "a device that moves has STOP_COPY, and among others P2P: all go still before any is stopped"
      found.push(because("fleet.move.flags", rule, where, has, needs, "stop the guest to move it"))
    }
    if (state === "ERROR") {
      const rule = "a device that is to move must not be in ERROR"
      found.push(because("fleet.move.error", rule, where, state, "RUNNING", "reset the device"))
    }
    return found
  }

/** Why these VFs of one group can move nowhere at all. */
export const immovable = (group: ReadonlyArray<Located>): ReadonlyArray<Refusal> =>
  group.flatMap(immovableAmong(group.length))

/** Why nobody may be placed on this VF, whoever it is; undefined if it may. `incoming`: a VMM that is attached waits for the guest. */
export const unusable = ({ host, pf, vf }: Located, incoming: boolean): Refusal | undefined => {
  const where = keyOf(host.id, vf.name)
  if (vf.lifecycle === "unbound") {
    return because("fleet.vf.unbound", "a driver must have the VF", where, "unbound", "bound", "bind the VF's driver")
  }
  if (vf.state === "ERROR") {
    return because("fleet.vf.error", "a destination must not be in ERROR", where, "ERROR", "RUNNING", "reset the VF")
  }
  if (vf.attached && !incoming) {
    const remedy = "choose a free VF, or say that its VMM waits for this guest"
    return because("fleet.vf.attached", "a destination has no guest", where, "attached", "free", remedy)
  }
  const cordon = host.pfCordons.find(({ id }) => id === pf.name)
  if (cordon === undefined) return undefined
  const remedy = "uncordon it, or choose another PF"
  return because("fleet.pf.cordoned", "a PF that is cordoned takes no guest", where, cordon.reason, "cordoned", remedy)
}

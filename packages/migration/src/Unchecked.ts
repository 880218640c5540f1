/**
 * What a preflight cannot check: what hosts say they do not know, and what devices do not have. Nothing of it is a blocker; whoever starts the migration is told
 * what follows from it.
 */
import type { DeviceDescription, Unknown } from "@stopcopy/agent"
import { MigrationFlags } from "@stopcopy/vfio"
import type { Order, Side } from "./Order.ts"
import { find, type Found, type Sides } from "./Preflight.ts"

/** One thing that is not checked, and where. */
export interface Unchecked extends Unknown {
  readonly where: string
}

const withoutP2P: Unknown = {
  code: "p2p",
  what: "it does not advertise P2P",
  consequence: "it moves alone, and nothing holds back what it and devices outside of the migration send each other"
}

const withoutPreCopy: Unknown = {
  code: "pre_copy",
  what: "it does not advertise PRE_COPY",
  consequence: "all of its state is carried, and judged for the first time, while the guest stands still"
}

const withoutCompat: Unknown = {
  code: "compat",
  what: "its host does not tell the version of the mailbox between VF and PF",
  consequence:
    "a guest that has agreed on a newer one than the destination's PF knows is found by itself, after the move"
}

const ofDevice = ({ migrationFlags, unknown = [] }: DeviceDescription): ReadonlyArray<Unknown> => [
  ...unknown,
  ...((migrationFlags & MigrationFlags.P2P) === 0 ? [withoutP2P] : []),
  ...((migrationFlags & MigrationFlags.PRE_COPY) === 0 ? [withoutPreCopy] : [])
]

const withoutGuest: Unknown = {
  code: "guest",
  what: "the VMM of its guest takes no part in migrations",
  consequence: "somebody else has to hold the guest back before it is stopped, and to lead it to the destination"
}

/** Of the mailbox the source tells what the guest has, and the destination what its PF knows. */
const isSilent = (side: Side, { pf, vf }: Found): boolean =>
  (side === "source" ? vf.compatVersion : pf.capabilities.compatVersion) === undefined

const ofSide = (side: Side, sides: Sides, device: string): ReadonlyArray<Unchecked> => {
  const found = find(sides[side], device)
  if (found === undefined) return []
  const all = ofDevice(found.vf)
  const silent = isSilent(side, found) && !all.some(({ code }) => code === "compat") ? [withoutCompat] : []
  const alone = side === "source" && found.vf.attached && found.vf.guest !== true ? [withoutGuest] : []
  return [...all, ...silent, ...alone].map((one) => ({ ...one, where: `${side} ${sides[side].host} ${device}` }))
}

/** Everything that stays unchecked before this migration, in the order of the group. */
export const unchecked = (order: Order, sides: Sides): ReadonlyArray<Unchecked> =>
  order.members.flatMap(({ destination, source }) => [
    ...ofSide("source", sides, source),
    ...ofSide("destination", sides, destination)
  ])

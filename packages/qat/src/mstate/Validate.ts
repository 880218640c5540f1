/**
 * Everything that a load would refuse about a block, found without a device and all at once: structure, sizes, and every
 * compatibility rule, also those that the driver checks only while the source is stopped. Changes nothing. What needs the
 * device itself (an exception pending, status registers that come out differently) is the load's own to find.
 */
import type { Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import { extdcRule, gencapRule, type PfFacts, slaRefusals, svcmapRule } from "../Compatibility.ts"
import { banksPerVf } from "../Registers.ts"
import { bankRecord, leafOf, readSlas } from "./Decode.ts"
import { judgeMask, restoredMisc } from "./Load.ts"
import { setupPart, statePart, viewOf } from "./Parts.ts"
import { inside, lookup, type Window } from "./Window.ts"

/** Every refusal goes on this list; a missing section ends the search inside it only. */
type Found = Array<Refusal>

const add = (found: Found, bad: Refusal | undefined): void => {
  if (bad !== undefined) found.push(bad)
}

/** What is there; what is not is a refusal. */
const take = <A>(found: Found, result: Either.Either<A, Refusal>): A | undefined => {
  if (Either.isRight(result)) return result.right
  found.push(result.left)
  return undefined
}

const enter = (found: Found, window: Window, id: string): Window | undefined => {
  const section = take(found, lookup(window, id))
  return section === undefined ? undefined : inside(section)
}

const judgeSetup = (found: Found, setup: Window, pf: PfFacts): void => {
  const config = enter(found, setup, "CONFIG")
  if (config === undefined) return
  add(
    found,
    judgeMask(config, "gencap", (source) => gencapRule(source, pf))
  )
  add(
    found,
    judgeMask(config, "svcmap", (source) => svcmapRule(source, pf))
  )
  add(
    found,
    judgeMask(config, "extdc", (source) => extdcRule(source, pf))
  )
}

const judgeGeneral = (found: Found, state: Window, pf: PfFacts, vf: number): void => {
  const general = enter(found, state, "GENER")
  if (general === undefined) return
  take(found, leafOf(general, "iovinit", 1))
  take(found, leafOf(general, "compver", 1))
  const slas = take(found, lookup(general, "sla"))
  if (slas !== undefined) found.push(...slaRefusals(readSlas(slas), pf, vf))
}

const judgeMisc = (found: Found, state: Window): void => {
  const bar = enter(found, state, "MISCBAR")
  if (bar === undefined) return
  for (const [, leaf] of restoredMisc) take(found, leafOf(bar, leaf, 4))
}

const judgeBanks = (found: Found, state: Window): void => {
  const bar = enter(found, state, "ETRBAR")
  if (bar === undefined) return
  for (let bank = 0; bank < banksPerVf; bank++) take(found, bankRecord(bar, bank))
}

/** All refusals of `bytes` (a whole block) for VF `vf` of the PF; none if it would be accepted. */
export const validate = (bytes: Uint8Array, pf: PfFacts, vf: number): ReadonlyArray<Refusal> => {
  const found: Found = []
  const view = viewOf(bytes)
  const setup = take(found, setupPart(view))
  // Without the setup part nobody knows where the state part begins.
  if (setup === undefined) return found
  judgeSetup(found, setup, pf)
  const state = take(found, statePart(view, setup.end))
  if (state === undefined) return found
  judgeGeneral(found, state, pf, vf)
  judgeMisc(found, state)
  judgeBanks(found, state)
  return found
}

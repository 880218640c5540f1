/**
 * Loading a block: the exact order of checks and of register writes, on untrusted bytes. Effects go to a target one by one
 * as they happen, because a load that fails half way keeps what it has written. Source: `qat_common/adf_gen4_vf_mig.c`,
 * `adf_bank_state.c`.
 */
import { EAGAIN, EINVAL, type Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import { extdcRule, gencapRule, type PfFacts, slaRule, svcmapRule } from "../Compatibility.ts"
import { refusal } from "../Refusals.ts"
import { banksPerVf, type MiscName } from "../Registers.ts"
import { restoreBank, type BankTarget } from "./BankRestore.ts"
import type { Sla } from "./Block.ts"
import { bankRecord, leafOf, readSlas, wrongSize } from "./Decode.ts"
import { blockBytes, preambleBytes } from "./Layout.ts"
import { setupTooLarge, statePart, viewOf } from "./Parts.ts"
import { announcedBytes, hasPreamble, inside, lookup, openWindow, type Window } from "./Window.ts"

/** Where a load's effects go, in order. Implemented over a copy of the device's registers. */
export interface LoadTarget {
  readonly setInit: (value: number) => void
  readonly setCompatVersion: (value: number) => void
  readonly writeMisc: (name: MiscName, value: number) => void
  readonly bank: (index: number) => BankTarget
  /** The SLAs of the destination VF. */
  readonly slas: ReadonlyArray<Sla>
}

const more = (where: string, have: number, wanted: number): EAGAIN =>
  new EAGAIN({
    refusal: refusal({
      code: "mstate.setup.incomplete",
      rule: "the setup part is judged when all of it has arrived",
      where,
      source: `${have} bytes so far`,
      destination: `${wanted} bytes`,
      remedy: "write the next bytes of the stream"
    })
  })

/**
 * The setup part in the first `length` bytes received. `EAGAIN` while it is not whole; `EINVAL` if it is no setup part.
 * Its size, `end`, becomes the offset of the state part. Magic and version are looked at only when it is whole.
 */
export const openSetup = (block: Uint8Array, length: number): Either.Either<Window, EAGAIN | EINVAL> => {
  const view = viewOf(block)
  const have = Math.min(length, view.byteLength)
  if (!hasPreamble(0, have)) return Either.left(more("setup preamble", have, preambleBytes))
  const total = announcedBytes(view, 0)
  if (total > blockBytes) return Either.left(new EINVAL({ refusal: setupTooLarge(total) }))
  if (have < total) return Either.left(more("setup part", have, total))
  return Either.mapLeft(openWindow(view, "setup", 0, total), (refusal) => new EINVAL({ refusal }))
}

/** Largest capability leaf, in bytes; a shorter one is extended with zeroes, also an empty one. */
const maskLimit = 8

const mask = (config: Window, id: string): Either.Either<bigint, Refusal> =>
  Either.flatMap(lookup(config, id), (leaf) => {
    if (leaf.size > maskLimit) return Either.left(wrongSize(leaf, id, `at most ${maskLimit} bytes`))
    let [low, high] = [0, 0]
    for (let index = 0; index < leaf.size; index++) {
      const byte = leaf.view.getUint8(leaf.body + index)
      if (index < 4) low += byte * 2 ** (8 * index)
      else high += byte * 2 ** (8 * (index - 4))
    }
    return Either.right((BigInt(high) << 32n) | BigInt(low))
  })

/** Holds a capability leaf of CONFIG against a rule; a leaf that is missing or too long is refused itself. */
export const judgeMask = (
  config: Window,
  id: string,
  rule: (source: bigint) => Refusal | undefined
): Refusal | undefined => Either.match(mask(config, id), { onLeft: (bad): Refusal | undefined => bad, onRight: rule })

/** The first thing in CONFIG that does not fit this PF, in the driver's order; none if all fits. */
export const judgeSetup = (setup: Window, pf: PfFacts): Refusal | undefined => {
  const section = lookup(setup, "CONFIG")
  if (Either.isLeft(section)) return section.left
  const config = inside(section.right)
  return (
    judgeMask(config, "gencap", (source) => gencapRule(source, pf)) ??
    judgeMask(config, "svcmap", (source) => svcmapRule(source, pf)) ??
    judgeMask(config, "extdc", (source) => extdcRule(source, pf))
  )
}

const loadGeneral = (state: Window, target: LoadTarget): Refusal | undefined => {
  const section = lookup(state, "GENER")
  if (Either.isLeft(section)) return section.left
  const general = inside(section.right)
  const init = leafOf(general, "iovinit", 1)
  if (Either.isLeft(init)) return init.left
  target.setInit(init.right.view.getUint8(init.right.body))
  const version = leafOf(general, "compver", 1)
  if (Either.isLeft(version)) return version.left
  target.setCompatVersion(version.right.view.getUint8(version.right.body))
  const slas = lookup(general, "sla")
  if (Either.isLeft(slas)) return slas.left
  for (const [index, sla] of readSlas(slas.right).entries()) {
    const bad = slaRule(sla, target.slas, index)
    if (bad !== undefined) return bad
  }
  return undefined
}

/** The four registers that come back, in the driver's order. The interrupt sources are saved but never looked at. */
export const restoredMisc = [
  ["VINTMSK", "vimsk"],
  ["VINTMSKPF2VM", "vimpv"],
  ["PF2VM", "pf2vm"],
  ["VM2PF", "vm2pf"]
] as const satisfies ReadonlyArray<readonly [MiscName, string]>

const loadMisc = (state: Window, target: LoadTarget): Refusal | undefined => {
  const section = lookup(state, "MISCBAR")
  if (Either.isLeft(section)) return section.left
  const bar = inside(section.right)
  for (const [name, id] of restoredMisc) {
    const leaf = leafOf(bar, id, 4)
    if (Either.isLeft(leaf)) return leaf.left
    target.writeMisc(name, leaf.right.view.getUint32(leaf.right.body, true))
  }
  return undefined
}

const loadBanks = (state: Window, target: LoadTarget): Refusal | undefined => {
  const section = lookup(state, "ETRBAR")
  if (Either.isLeft(section)) return section.left
  const bar = inside(section.right)
  for (let index = 0; index < banksPerVf; index++) {
    const record = bankRecord(bar, index)
    if (Either.isLeft(record)) return record.left
    const bad = restoreBank(record.right, target.bank(index))
    if (bad !== undefined) return bad
  }
  return undefined
}

/** The state part behind `setupSize` bytes of setup part. Effects before a failure have reached the target. */
export const loadState = (block: Uint8Array, setupSize: number, target: LoadTarget): Either.Either<void, EINVAL> => {
  const opened = statePart(viewOf(block), setupSize)
  if (Either.isLeft(opened)) return Either.left(new EINVAL({ refusal: opened.left }))
  const state = opened.right
  const bad = loadGeneral(state, target) ?? loadMisc(state, target) ?? loadBanks(state, target)
  return bad === undefined ? Either.right(undefined) : Either.left(new EINVAL({ refusal: bad }))
}

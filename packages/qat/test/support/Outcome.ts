/** Everything the package does with untrusted bytes, and what came of it as one number: equal work, equal number. */
import type { Refusal } from "@stopcopy/errno"
import { type Block, decodeBlock, RegisterFile, validateBlock } from "@stopcopy/qat"
import { Either } from "effect"
import { slasOfVf } from "../../src/Compatibility.ts"
import { judgeSetup, loadState, openSetup } from "../../src/mstate/Load.ts"
import { collect, target } from "../../src/RegisterTrace.ts"
import { samplePf, vfNumber } from "./Sample.ts"

/** FNV-1a, a number at a time. */
const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x0100_0193)

const mixText = (before: number, text: string): number => {
  let hash = before
  for (let index = 0; index < text.length; index++) hash = mix(hash, text.charCodeAt(index))
  return hash
}

const mixRefusal = (hash: number, { code, where, source, destination }: Refusal): number =>
  mixText(mixText(mixText(mixText(hash, code), where), source), destination)

const mixLong = (hash: number, value: bigint): number =>
  mix(mix(hash, Number(value & 0xffff_ffffn)), Number(value >> 32n))

/** A block's values as one number. */
export const hashOfBlock = ({ setup, state }: Block.Block): number => {
  let hash = mix(mix(mix(3, setup.gencap), setup.svcmap), setup.extdc)
  hash = mix(mix(hash, state.general.init), state.general.compatVersion)
  for (const sla of state.general.slas) {
    hash = mixLong(mix(mix(mix(hash, sla.service), sla.cir), sla.pir), sla.ringPairMask)
  }
  hash = Object.values(state.misc).reduce(mix, hash)
  for (const bank of state.banks) {
    hash = bank.csrs.reduce(mix, hash)
    for (const ring of bank.rings) hash = mixLong(mix(mix(mix(hash, ring.config), ring.head), ring.tail), ring.base)
  }
  return hash
}

const mixError = (hash: number, error: { readonly refusal?: Refusal | undefined }): number =>
  error.refusal === undefined ? hash : mixRefusal(hash, error.refusal)

const fresh = RegisterFile.reset()
const slas = slasOfVf(samplePf, vfNumber)

interface Loaded {
  readonly hash: number
  /** Why the load was refused; none if it was not. */
  readonly refusal: Refusal | undefined
}

const load = (bytes: Uint8Array, setupSize: number): Loaded => {
  const trace = collect(fresh, "derived")
  const result = loadState(bytes, setupSize, target(trace, slas))
  let hash = mix(mix(trace.writes.length, trace.init ?? -1), trace.compatVersion ?? -1)
  for (const [bar, offset, value] of trace.writes) hash = mix(mix(mix(hash, bar), offset), value)
  return Either.isRight(result)
    ? { hash, refusal: undefined }
    : { hash: mixError(hash, result.left), refusal: result.left.refusal }
}

/** A whole load of `bytes` into a fresh VF of the sample PF. */
const loadAll = (bytes: Uint8Array): Loaded => {
  const opened = openSetup(bytes, 4096)
  if (Either.isLeft(opened)) return { hash: mixError(1, opened.left), refusal: opened.left.refusal }
  const bad = judgeSetup(opened.right, samplePf)
  return bad === undefined ? load(bytes, opened.right.end) : { hash: mixRefusal(2, bad), refusal: bad }
}

export interface Outcome {
  readonly hash: number
  readonly decoded: Block.Block | undefined
  readonly found: ReadonlyArray<Refusal>
  readonly refusal: Refusal | undefined
}

/** Decodes, validates and loads `bytes`; if told so, loads the state part also from `elsewhere`, where it need not be. */
export const outcomeOf = (bytes: Uint8Array, elsewhere: number | undefined): Outcome => {
  const decoded = decodeBlock(bytes)
  const found = validateBlock(bytes, samplePf, vfNumber)
  const { hash: loaded, refusal } = loadAll(bytes)
  let hash = Either.isRight(decoded) ? hashOfBlock(decoded.right) : mixError(4, decoded.left)
  hash = mix(found.reduce(mixRefusal, hash), loaded)
  if (elsewhere !== undefined) hash = mix(hash, load(bytes, elsewhere).hash)
  return { hash, decoded: Either.getOrUndefined(decoded), found, refusal }
}

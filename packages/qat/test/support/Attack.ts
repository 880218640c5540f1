/**
 * Attacks the readers of a block with `count` inputs from a seed. Each input lies twice in the middle of other bytes,
 * which differ; a reader that looks outside sees the difference. What decode, validate and load say must also agree.
 */
import { assert } from "@effect/vitest"
import { decodeBlock, encodeBlock } from "@stopcopy/qat"
import { Either } from "effect"
import { inputRoom, nextInput, randomFrom } from "./Fuzz.ts"
import { hashOfBlock, type Outcome, outcomeOf } from "./Outcome.ts"

/** Bytes on both sides of an input; odd, so that the input is not aligned. */
const margin = 4099

const zeroes = new Uint8Array(inputRoom + 2 * margin)
/** Magic numbers, counts and sizes wherever one looks. */
const lures = Uint8Array.from(zeroes, (_, at) => [0xea, 0xca, 0xf5, 0xad, 0xff, 0x01, 0x10, 0x2f][at % 8] ?? 0)

/** What a load finds only on the device, where it ends; behind it validate may find more. */
const deviceCodes = /^mstate\.bank\./

const agree = (outcome: Outcome): string | undefined => {
  const { decoded, found, refusal } = outcome
  if (refusal === undefined) {
    if (found.length > 0) return `a load does not find ${found[0]?.code}`
  } else if (!deviceCodes.test(refusal.code)) {
    const same = found.some(({ code, where }) => code === refusal.code && where === refusal.where)
    if (!same) return `validate does not find ${refusal.code} at ${refusal.where}`
  }
  if (decoded === undefined) return undefined
  const again = decodeBlock(encodeBlock(decoded))
  return Either.isRight(again) && hashOfBlock(again.right) === hashOfBlock(decoded) ? undefined : "does not encode back"
}

/** How many of the inputs decoded, were accepted, and were refused by code. */
interface Tally {
  decoded: number
  accepted: number
  readonly refused: Map<string, number>
}

const count = (tally: Tally, { decoded, found }: Outcome): void => {
  if (decoded !== undefined) tally.decoded += 1
  if (found.length === 0) tally.accepted += 1
  const code = found[0]?.code
  if (code !== undefined) tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1)
}

const attackAll = (seed: number, inputs: number): Tally => {
  const random = randomFrom(seed)
  const tally: Tally = { decoded: 0, accepted: 0, refused: new Map() }
  const [first, second] = [Uint8Array.from(zeroes), Uint8Array.from(lures)]
  for (let index = 0; index < inputs; index++) {
    const length = nextInput(random, first.subarray(margin, margin + inputRoom))
    second.set(lures.subarray(margin + length, margin + inputRoom), margin + length)
    second.set(first.subarray(margin, margin + length), margin)
    first.fill(0, margin + length, margin + inputRoom)
    const elsewhere = random(4) === 0 ? random(4200) : undefined
    const [one, other] = [first, second].map((bytes) => bytes.subarray(margin, margin + length))
    if (one === undefined || other === undefined) continue
    const outcome = outcomeOf(one, elsewhere)
    const name = `seed ${seed}, input ${index}`
    if (outcome.hash !== outcomeOf(other, elsewhere).hash) assert.fail(`${name}: bytes outside make a difference`)
    const wrong = length === 4096 ? agree(outcome) : undefined
    if (wrong !== undefined) assert.fail(`${name}: ${wrong}`)
    count(tally, outcome)
  }
  return tally
}

/** Fails with seed and number of the first input that is treated wrongly. */
export const attack = (seed: number, inputs: number): Tally => {
  const traces = Error.stackTraceLimit
  // A stack trace for each of the refusals would be most of the work.
  Error.stackTraceLimit = 0
  try {
    return attackAll(seed, inputs)
  } finally {
    Error.stackTraceLimit = traces
  }
}

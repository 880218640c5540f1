/**
 * What a VF's driver asks its PF first, over the registers of the mailbox: the version of the protocol, then which service each bank has. Sources:
 * `qat_common/adf_pfvf_vf_msg.c` of Linux; section 5 of the register specification.
 */
import { PfvfMessage, Registers } from "@stopcopy/qat"
import { type Broken, NotApplicable, type Workbench } from "@stopcopy/vfio-user/conformance"
import { Effect } from "effect"

const { acknowledged, dataOf, isPending, message, toPf, toVf, typeOf } = PfvfMessage

const bar = 2
const vm2pf = Registers.miscRegisters[Registers.miscIndex.VM2PF].vfOffset
const pf2vm = Registers.miscRegisters[Registers.miscIndex.PF2VM].vfOffset

/** How often a word is looked at, 1 ms apart, before the PF counts as silent. */
const attempts = 1000

/** The first version that has maps of services. */
const ownVersion = 4
const serviceBlock = 3
/** Where the map lies in its block, in bytes, behind the block's own head. */
const mapAt = [2, 3] as const
/** A kind of answer: a byte of the block. */
const dataKind = 0

type Step<A> = Effect.Effect<A, Broken | NotApplicable>

/** A 32-bit word, little endian. */
const bytesOf = (word: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, word, true)
  return bytes
}

const wordOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)

const unknown = (found: string) =>
  new NotApplicable({ reason: `the PF does not say which bank is symmetric: ${found}` })

/** Reads a word of the mailbox until it passes. */
const until = ({ read }: Workbench, offset: number, passes: (word: number) => boolean): Step<number> =>
  Effect.gen(function* () {
    for (let left = attempts; left > 0; left--) {
      const word = wordOf(yield* read(bar, offset, 4))
      if (passes(word)) return word
      yield* Effect.sleep(1)
    }
    return yield* unknown("its mailbox does not answer")
  })

/** Sends a message and takes its answer; gives the answer's data. */
const ask = (workbench: Workbench, type: number, data: number, answer: number): Step<number> =>
  Effect.gen(function* () {
    yield* workbench.write(bar, vm2pf, bytesOf(message(type, data)))
    yield* until(workbench, vm2pf, (word) => !isPending(word))
    const word = yield* until(workbench, pf2vm, isPending)
    yield* workbench.write(bar, pf2vm, bytesOf(acknowledged(word)))
    return typeOf(word) === answer ? dataOf(word) : yield* unknown(`it answers 0x${word.toString(16)}`)
  })

const askByte = (workbench: Workbench, block: number, at: number): Step<number> =>
  Effect.gen(function* () {
    const answer = yield* ask(workbench, toPf.SMALL_BLOCK_REQ, block | (at << 4), toVf.BLKMSG_RESP)
    return (answer & 3) === dataKind ? answer >>> 2 : yield* unknown(`it has no byte ${at} of block ${block}`)
  })

/** The service code of each bank: `ServiceCode` of `@stopcopy/qat`. */
export const servicesOf = (workbench: Workbench): Step<ReadonlyArray<number>> =>
  Effect.gen(function* () {
    yield* ask(workbench, toPf.COMPAT_VER_REQ, ownVersion, toVf.VERSION_RESP)
    const [low, high] = [
      yield* askByte(workbench, serviceBlock, mapAt[0]),
      yield* askByte(workbench, serviceBlock, mapAt[1])
    ] as const
    const map = low | (high << 8)
    return Array.from({ length: Registers.banksPerVf }, (_, bank) => (map >>> (3 * bank)) & 7)
  })

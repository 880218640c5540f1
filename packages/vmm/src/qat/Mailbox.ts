/**
 * The VF's side of the mailbox: what a driver asks its PF when it probes the function. Sources: `qat_common/adf_pfvf_vf_msg.c`, `adf_pfvf_vf_proto.c`; DPDK
 * `qat_adf/adf_pf2vf_msg.h`; section 5 of the register specification.
 */
import { crc8, PfvfMessage, Registers } from "@stopcopy/qat"
import { Effect, Schedule } from "effect"
import type { AccessError, Attachment } from "../Attachment.ts"
import { hex } from "../internal/words.ts"
import { MailboxFailed } from "./errors.ts"

const { acknowledged, dataOf, isPending, message, toPf, toVf, typeOf } = PfvfMessage

const bar = 2
const vm2pf = Registers.miscRegisters[Registers.miscIndex.VM2PF].vfOffset
const pf2vm = Registers.miscRegisters[Registers.miscIndex.PF2VM].vfOffset

/** How often a word is looked at, 10 microseconds apart and more, before the PF counts as silent: 0.2 s. */
const attempts = 20_000
const between = "10 micros"

/** The version that this driver speaks: ring-to-service maps. The first that is compatible answers 1. */
const ownVersion = 4
const compatible = 1

/** Blocks by type, and how long they are with their header of 2 bytes. */
const capabilityBlock = 2
const serviceBlock = 3
const headBytes = 2
/** Bit of a block request that asks for the checksum. */
const askChecksum = 0x200
const dataKind = 0
const checksumKind = 1

/** What the PF offers. */
export interface Offer {
  /** The PF's version of the protocol. */
  readonly version: number
  /** The mask of `capability` in `@stopcopy/qat`. */
  readonly capabilities: number
  /** Extended compression capabilities. */
  readonly compression: number
  /** Service codes of the four banks: 1 crypto, 2 compression, 3 symmetric, 4 asymmetric. */
  readonly services: ReadonlyArray<number>
}

type Step<A> = Effect.Effect<A, AccessError | MailboxFailed>

const silent = (doing: string) => new MailboxFailed({ doing, found: "the PF does not answer" })

/** Reads a word until it passes. */
const until = (
  attachment: Attachment,
  offset: number,
  doing: string,
  passes: (word: number) => boolean
): Step<number> =>
  Effect.flatMap(attachment.read32(bar, offset), (word) => (passes(word) ? Effect.succeed(word) : silent(doing))).pipe(
    Effect.retry({
      while: (error) => error._tag === "MailboxFailed",
      schedule: Schedule.intersect(Schedule.recurs(attempts), Schedule.spaced(between))
    })
  )

/** Sends a message that has no answer. */
const tell = (attachment: Attachment, doing: string, type: number, data = 0): Step<void> =>
  Effect.zipRight(
    attachment.write32(bar, vm2pf, message(type, data)),
    Effect.asVoid(until(attachment, vm2pf, doing, (word) => !isPending(word)))
  )

/** Sends a message and takes its answer, whose type is known; gives the answer's data. */
const ask = (attachment: Attachment, doing: string, type: number, data: number, answer: number): Step<number> =>
  Effect.gen(function* () {
    yield* tell(attachment, doing, type, data)
    const word = yield* until(attachment, pf2vm, doing, isPending)
    yield* attachment.write32(bar, pf2vm, acknowledged(word))
    if (typeOf(word) !== answer) return yield* new MailboxFailed({ doing, found: `the word ${hex(word)}` })
    return dataOf(word)
  })

const askByte = (attachment: Attachment, block: number, at: number, extra: number, kind: number): Step<number> =>
  Effect.gen(function* () {
    const doing = `byte ${at} of block ${block}`
    const request = block | (at << 4) | extra
    const answer = yield* ask(attachment, doing, toPf.SMALL_BLOCK_REQ, request, toVf.BLKMSG_RESP)
    const value = (answer >>> 2) & 0xff
    if ((answer & 3) !== kind) {
      return yield* new MailboxFailed({ doing, found: `an answer of kind ${answer & 3}, value ${value}` })
    }
    return value
  })

/** Reads a block byte by byte and checks its checksum; gives what is behind its header. */
const askBlock = (attachment: Attachment, block: number, least: number): Step<DataView> =>
  Effect.gen(function* () {
    const head = [
      yield* askByte(attachment, block, 0, 0, dataKind),
      yield* askByte(attachment, block, 1, 0, dataKind)
    ] as const
    const length = head[1]
    const rest = yield* Effect.forEach(
      Array.from({ length }, (_, index) => headBytes + index),
      (at) => askByte(attachment, block, at, 0, dataKind)
    )
    const bytes = Uint8Array.of(...head, ...rest)
    const checksum = yield* askByte(attachment, block, bytes.length - 1, askChecksum, checksumKind)
    const found = length < least ? `${length} bytes` : `checksum ${hex(checksum)}, computed ${hex(crc8(bytes))}`
    if (length < least || checksum !== crc8(bytes)) {
      return yield* new MailboxFailed({ doing: `block ${block}`, found })
    }
    return new DataView(bytes.buffer, headBytes)
  })

const askVersion = (attachment: Attachment): Step<number> =>
  Effect.gen(function* () {
    const answer = yield* ask(attachment, "version", toPf.COMPAT_VER_REQ, ownVersion, toVf.VERSION_RESP)
    const [version, result] = [answer & 0xff, (answer >>> 8) & 3]
    if (result === compatible) return version
    const found = `version ${version} of the PF and ${ownVersion} do not go together, result ${result}`
    return yield* new MailboxFailed({ doing: "version", found })
  })

const servicesOf = (map: number): ReadonlyArray<number> =>
  Array.from({ length: Registers.banksPerVf }, (_, bank) => (map >>> (3 * bank)) & 7)

/** What a driver asks first: the version, capabilities, what serves which bank; then it says that it is there. */
export const shakeHands = (attachment: Attachment): Step<Offer> =>
  Effect.gen(function* () {
    const version = yield* askVersion(attachment)
    const summary = yield* askBlock(attachment, capabilityBlock, 8)
    const map = yield* askBlock(attachment, serviceBlock, 2)
    yield* tell(attachment, "init", toPf.INIT)
    return {
      version,
      compression: summary.getUint32(0, true),
      capabilities: summary.getUint32(4, true),
      services: servicesOf(map.getUint16(0, true))
    }
  })

/** The driver is there no more. */
export const sayGoodbye = (attachment: Attachment): Step<void> => tell(attachment, "shutdown", toPf.SHUTDOWN)

const resetDone = 0

/** Brings a bank to where it was at power on. */
export const resetBank = (attachment: Attachment, bank: number): Step<void> =>
  Effect.gen(function* () {
    const doing = `reset of bank ${bank}`
    const result = yield* ask(attachment, doing, toPf.RP_RESET, bank, toVf.RP_RESET_RESP)
    if (result !== resetDone) return yield* new MailboxFailed({ doing, found: `result ${result}` })
  })

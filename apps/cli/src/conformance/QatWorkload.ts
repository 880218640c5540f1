/**
 * Work for a QAT GEN4 VF: AES-128-CBC requests through the rings of a bank that is symmetric, built as DPDK builds them. Which bank that is, the PF says.
 * Source: `drivers/common/qat` of DPDK, `drivers/crypto/intel/qat/qat_common/adf_gen4_hw_data.h` of Linux.
 */
import { idTable, Registers, ServiceMap, vendorIntel } from "@stopcopy/qat"
import { Broken, memoryBase, NotApplicable, type Workbench, type Workload } from "@stopcopy/vfio-user/conformance"
import { Effect, Either } from "effect"
import { createCipheriv } from "node:crypto"
import { servicesOf } from "./QatMailbox.ts"

const requestBytes = 128
const responseBytes = 32
/** Slots of a ring; at most one less is in flight. */
const depth = 16
/** What an empty response slot holds. */
const empty = 0x7f
const dataBytes = 64

const key = Uint8Array.from({ length: 16 }, (_, index) => index)
const vector = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index)
/** Encrypt with AES-128 in CBC mode; then the key. */
const descriptor = Uint8Array.of(0x13, 0, 0, 0, 0, 0, 0, 0, ...key)

/** Where everything lies in the client's memory. */
const requestsAt = memoryBase
const responsesAt = memoryBase + 0x1000n
const descriptorAt = memoryBase + 0x2000n
const sourceAt = (slot: number): bigint => memoryBase + 0x3000n + BigInt(slot * dataBytes)
const destinationAt = (slot: number): bigint => memoryBase + 0x4000n + BigInt(slot * dataBytes)

const plain = (slot: number): Uint8Array => new Uint8Array(dataBytes).fill(slot + 1)
const cipherOf = (slot: number): Uint8Array =>
  createCipheriv("aes-128-cbc", key, vector).setAutoPadding(false).update(plain(slot))

const requestOf = (slot: number): Uint8Array => {
  const request = new Uint8Array(requestBytes)
  const view = new DataView(request.buffer)
  request.set([0, 0, 4, 0x80, 4])
  view.setBigUint64(8, descriptorAt, true)
  view.setUint8(18, 3)
  view.setBigUint64(24, BigInt(slot), true)
  view.setBigUint64(32, sourceAt(slot), true)
  view.setBigUint64(40, destinationAt(slot), true)
  for (const at of [48, 52, 60]) view.setUint32(at, dataBytes, true)
  request.set(vector, 64)
  request.set([2, 2, 0, 0x41], 108)
  return request
}

const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

/** RING_CONFIG size code of a ring of so many bytes. */
const sizeCode = (bytes: number): number => Math.log2(bytes) - 6
/** RING_CONFIG of responses: near-full watermark as drivers set it. */
const responseConfig = 0x2000

/** Where a bank that is symmetric begins in BAR0, in bytes. */
const symmetricBank = (workbench: Workbench): Effect.Effect<number, Broken | NotApplicable> =>
  Effect.gen(function* () {
    const services = yield* servicesOf(workbench)
    const bank = services.indexOf(ServiceMap.ServiceCode.symmetric)
    if (bank >= 0) return bank * Registers.bankStride
    return yield* new NotApplicable({
      reason: `no bank of the VF is symmetric: its service codes are ${services.join(", ")}`
    })
  })

const setUp = ({ write }: Workbench, bankAt: number): Effect.Effect<void, Broken> =>
  Effect.gen(function* () {
    const ring = (index: number, name: Registers.RingRegisterName, value: number) =>
      write(0, bankAt + Registers.ringOffset(name, index), word(value))
    for (const [index, address] of [requestsAt, responsesAt].entries()) {
      yield* ring(index, "LBASE", Number(address & 0xffff_ffffn))
      yield* ring(index, "UBASE", Number(address >> 32n))
    }
    yield* ring(0, "CONFIG", sizeCode(depth * requestBytes))
    yield* ring(1, "CONFIG", responseConfig | sizeCode(depth * responseBytes))
    yield* write(0, bankAt + Registers.csrs[Registers.csrIndex.RING_SRV_ARB_EN].offset, word(1))
  })

const inMemory = <A>(access: Either.Either<A, unknown>): Either.Either<A, Broken> =>
  Either.mapLeft(access, () => new Broken({ expected: "room in the client's memory", found: "none" }))

const same = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0

/** Responses in a row from slot 0 on, each with the right data. */
const finished = ({ memory }: Workbench, submitted: number): Effect.Effect<number, Broken> =>
  Effect.gen(function* () {
    for (let slot = 0; slot < submitted; slot++) {
      const response = yield* inMemory(memory.read(responsesAt + BigInt(slot * responseBytes), responseBytes))
      if (response.subarray(0, 4).every((byte) => byte === empty)) return slot
      const found = yield* inMemory(memory.read(destinationAt(slot), dataBytes))
      if (response[6] !== 0 || !same(found, cipherOf(slot))) {
        return yield* new Broken({ expected: "the request encrypted", found: `status ${response[6]}, or other data` })
      }
    }
    return submitted
  })

export const qatWorkload: Workload = {
  name: "AES-128-CBC on a symmetric bank",
  isFor: (vendor, device) => vendor === vendorIntel && idTable.has(device),
  memoryBytes: 0x5000,
  begin: (workbench) =>
    Effect.gen(function* () {
      const { memory, write } = workbench
      const bankAt = yield* symmetricBank(workbench)
      yield* inMemory(memory.write(responsesAt, new Uint8Array(depth * responseBytes).fill(empty)))
      yield* inMemory(memory.write(descriptorAt, descriptor))
      yield* setUp(workbench, bankAt)
      let submitted = 0
      return {
        submit: Effect.gen(function* () {
          const slot = submitted++
          if (submitted >= depth) return yield* new Broken({ expected: `fewer than ${depth} requests`, found: "more" })
          yield* inMemory(memory.write(sourceAt(slot), plain(slot)))
          yield* inMemory(memory.write(requestsAt + BigInt(slot * requestBytes), requestOf(slot)))
          yield* write(0, bankAt + Registers.ringOffset("TAIL", 0), word(submitted * requestBytes))
        }),
        finished: Effect.suspend(() => finished(workbench, submitted))
      }
    })
}

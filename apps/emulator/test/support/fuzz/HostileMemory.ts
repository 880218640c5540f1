/** The memory that a hostile client lends to the device: requests that are right and requests that are noise, one after the other. */
import { type Below, noise } from "./Random.ts"

/** Where it begins for the device, and its size. */
export const memoryBase = 0x2_0000_0000n
export const memoryBytes = 1 << 16

const requestBytes = 128
const slots = 64

/** The firmware's NULL request. */
const nullRequest = Uint8Array.of(0, 1, 0, 0x80)
/** A cipher request, valid; what it points to is noise. */
const cipherRequest = Uint8Array.of(0, 0, 4, 0x80, 4)

export const makeMemory = (below: Below): Uint8Array => {
  const memory = noise(below, memoryBytes)
  for (let slot = 0; slot < slots; slot += 4) {
    const at = slot * requestBytes
    memory.fill(0, at, at + requestBytes).set(nullRequest, at)
    memory.fill(0, at + requestBytes, at + 2 * requestBytes).set(cipherRequest, at + requestBytes)
    memory.set(cipherRequest, at + 2 * requestBytes)
  }
  return memory
}

/** So many bytes from an address on; the memory goes on with itself behind its end. */
export const bytesAt = (memory: Uint8Array, address: bigint, count: number): Uint8Array => {
  const from = Number(BigInt.asUintN(32, address)) % memory.byteLength
  return Uint8Array.from({ length: count }, (_, index) => memory[(from + index) % memory.byteLength] ?? 0)
}

/**
 * Requests without a content descriptor, as qatlib writes them: the key is in the request, and configurations come from the device's table of
 * constants. Source: `lac_sym_qat_constants_table.c` of qatlib; section 3.9 of the firmware specification.
 */
import { auth, type Built, cipherControl, command, flag, frame, hashControl, regionOf, vector } from "./Fields.ts"
import { hashFacts } from "./Hashes.ts"
import type { CipherOptions, HashOptions } from "./Requests.ts"

const inPlace = 2
const nothing = new Uint8Array(0)

const withConstants = (built: Built): Built => {
  built.view.setUint16(4, built.view.getUint16(4, true) | flag.constants, true)
  built.view.setUint8(6, built.view.getUint8(6) | inPlace)
  return built
}

/** A cipher with AES-128 whose configuration is the table's entry number `index`. */
export const constantCipherRequest = (ask: Omit<CipherOptions, "descriptorAt">, index: number): Built => {
  const built = withConstants(frame({ ...ask, descriptorAt: 0n }, command.cipher, flag.none, "legacy", nothing, 0))
  built.request.set(ask.key, 8)
  vector(built, regionOf(ask.cipher, ask.source), ask.iv)
  cipherControl(built, 2, 8 * index, 0x41)
  return built
}

/** A hash without key whose configuration is the table's entry number `index`. */
export const constantHashRequest = (ask: Omit<HashOptions, "descriptorAt">, index: number): Built => {
  const built = withConstants(frame({ ...ask, descriptorAt: 0n }, command.hash, flag.none, "legacy", nothing, 0))
  auth(built, regionOf(ask.auth, ask.source), ask.digest)
  hashControl(built, { bytes: nothing, state1: hashFacts[ask.hash].state, state2: 0 }, 8 * index, ask.digest.size, 0x42)
  return built
}

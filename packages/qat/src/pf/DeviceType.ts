/**
 * The kinds of GEN4 device: their PCI ids, what their hardware can do, and what of it the emulated engine does. Source:
 * `qat_common/adf_accel_devices.h`, `icp_qat_hw.h`, `qat_4xxx/adf_4xxx_hw_data.c` (`get_accel_cap`); sections 1.1, 4.2 and 6.2 of the register
 * specification, section 6.2 of the firmware specification. The kinds differ in ids and firmware, not in capabilities.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import type { Setup } from "../mstate/Block.ts"
import { parse, ringToService, type Service } from "./ServiceMap.ts"

/** PCI device ids of both functions. */
export const deviceTypes = [
  { name: "4xxx", pf: 0x4940, vf: 0x4941 },
  { name: "401xx", pf: 0x4942, vf: 0x4943 },
  { name: "402xx", pf: 0x4944, vf: 0x4945 }
] as const
export type DeviceType = (typeof deviceTypes)[number]

/** The kind of a PF or of a VF by its PCI device id. */
export const deviceTypeOf = (id: number): DeviceType | undefined =>
  deviceTypes.find(({ pf, vf }) => pf === id || vf === id)

const mask = (...bits: ReadonlyArray<number>): number => bits.reduce((all, bit) => (all | (1 << bit)) >>> 0, 0)

/** Bits of the capability mask. */
const bit = {
  symmetric: 0,
  asymmetric: 1,
  cipher: 2,
  authentication: 3,
  compression: 5,
  sha3: 9,
  hkdf: 12,
  curves: 13,
  sha3Extended: 15,
  gcm: 16,
  chachaPoly: 17,
  sm2: 18,
  sm3: 19,
  sm4: 20,
  integrity64: 23,
  lz4: 24,
  lz4s: 25,
  aesV2: 26
} as const

/** Bits of FUSECTL1: a slice that is fused off. */
const fuse = { cipher: 0x01, authentication: 0x02, publicKey: 0x04, compression: 0x08, ucs: 0x10, sm: 0x80 } as const

const symmetric = mask(
  bit.symmetric,
  bit.cipher,
  bit.authentication,
  bit.sha3,
  bit.sha3Extended,
  bit.hkdf,
  bit.chachaPoly,
  bit.gcm,
  bit.sm3,
  bit.sm4,
  bit.aesV2
)
const asymmetric = mask(bit.asymmetric, bit.cipher, bit.sm2, bit.curves)
const compression = mask(bit.compression, bit.lz4, bit.lz4s, bit.integrity64)

/** What is missing of a service when a slice is. */
const lost: ReadonlyArray<readonly [fused: number, service: Service, missing: number]> = [
  [fuse.cipher, "sym", mask(bit.symmetric, bit.hkdf, bit.cipher)],
  [fuse.ucs, "sym", mask(bit.chachaPoly, bit.gcm, bit.aesV2, bit.cipher)],
  [fuse.authentication, "sym", mask(bit.authentication, bit.sha3, bit.sha3Extended, bit.cipher)],
  [fuse.sm, "sym", mask(bit.sm3, bit.sm4)],
  [fuse.publicKey, "asym", mask(bit.asymmetric, bit.sm2, bit.curves)],
  [fuse.compression, "dc", compression]
]

const ofService = (service: "asym" | "sym" | "dc", fuses: number): number => {
  const whole = { asym: asymmetric, sym: symmetric, dc: compression }[service]
  return lost.reduce(
    (left, [fused, of, missing]) => (of === service && (fuses & fused) !== 0 ? left & ~missing : left),
    whole
  )
}

/** The capability mask of hardware that serves these services, with these fuses (FUSECTL1). */
export const hardwareCapabilities = (services: ReadonlyArray<Service>, fuses = 0): number => {
  let all = 0
  for (const service of services) {
    if (service !== "dcc") all |= ofService(service, fuses)
    // Hashing is there to be chained, symmetric instances are not.
    else all |= ofService("dc", fuses) | (ofService("sym", fuses) & ~mask(bit.symmetric))
  }
  return all >>> 0
}

/** What the emulated engine does: no public key, no wireless, SM or ChaCha algorithms, deflate only. Hash chains are symmetric requests. */
const engine = mask(bit.symmetric, bit.cipher, bit.authentication, bit.gcm, bit.aesV2, bit.compression)

/** Extended compression capabilities: compress and verify (bit 0), and recovery from a failed one (bit 8). Without both, qatlib compresses nothing. */
const verified = 0x101

/** What an emulated device of these services offers to its VFs. `EINVAL` for services that no GEN4 device has. */
export const offerOf = (services: string, fuses = 0): Either.Either<Setup, EINVAL> =>
  Either.map(parse(services), (named) => {
    const gencap = (hardwareCapabilities(named, fuses) & engine) >>> 0
    return { gencap, svcmap: ringToService(named), extdc: (gencap & mask(bit.compression)) === 0 ? 0 : verified }
  })

/**
 * The devices of the demo: three PFs and the same VF of each. The VF number is the same everywhere because an SLA names
 * ring pairs of the whole device. The third PF lacks one capability that the others have.
 */
import type { Errno } from "@stopcopy/errno"
import { opNames, Pf, QatVfioPci, RegisterFile, type VfActor, Vf, vendorIntel } from "@stopcopy/qat"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { Effect } from "effect"

/** A VF with its driver, and what people call both functions. */
export interface Placed {
  /** PCI address of the PF. */
  readonly pf: string
  /** PCI address of the VF: the id of its actor. */
  readonly address: string
  readonly driver: QatVfioPci.QatVfioPci
}

/** VF 1 of its PF: the third function, behind the PF and VF 0. */
const vfNumber = 1
const vfAddress = (pf: string): string => pf.replace(/\.0$/, `.${vfNumber + 1}`)

/** Bit 24 of the capability mask: LZ4. */
const lz4 = 0x0100_0000
/** Symmetric, asymmetric, cipher, authentication, compression, HKDF, AES-GCM single pass, ChaCha20-Poly1305, LZ4, LZ4s. */
const capabilities = 0x0303_102f

/** Asymmetric, symmetric, asymmetric, symmetric: the driver's default. */
const services = 0x71c
/** Symmetric crypto on banks 1 and 3 of VF 1, as ring pairs of the device. */
const sla = (cir: number, pir: number) => ({ service: 1, ringPairMask: 0xa0n, cir, pir })

interface PfOptions {
  readonly address: string
  readonly gencap: number
  /** Committed and peak information rate of the VF's SLA. */
  readonly cir: number
  readonly pir: number
}

const pfs = {
  source: { address: "0000:6b:00.0", gencap: capabilities, cir: 400, pir: 800 },
  // Rates may be above the source's, never below.
  destination: { address: "0000:e8:00.0", gencap: capabilities, cir: 500, pir: 1000 },
  lacking: { address: "0000:f3:00.0", gencap: capabilities & ~lz4, cir: 500, pir: 1000 }
} as const satisfies Record<string, PfOptions>

const configure = ({ gencap }: PfOptions): Pf.PfCommand => ({
  _tag: "Configure",
  deviceId: 0x4940,
  gencap,
  svcmap: services,
  extdc: 0x3,
  rateLimiting: true,
  slas: []
})

const probe = (vf: VfActor): Effect.Effect<void, Errno | JournalError> =>
  Effect.asVoid(
    vf.ask({
      _tag: "Probe",
      vendor: vendorIntel,
      deviceId: 0x4941,
      mode: "safe",
      registerModel: "derived",
      registers: RegisterFile.reset(),
      init: 0,
      compatVersion: 0,
      coreInit: 0,
      vfIndex: vfNumber,
      pfOps: opNames,
      allocateDevice: 0,
      allocateBlock: 0,
      register: 0
    })
  )

const place = (options: PfOptions) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, options.address)
    yield* pf.ask(configure(options))
    yield* pf.ask({ _tag: "AddSla", sla: sla(options.cir, options.pir) })
    const address = vfAddress(options.address)
    const vf = yield* system.actor(Vf.behavior, address)
    yield* probe(vf)
    const driver = yield* QatVfioPci.make(pf, vf)
    yield* driver.open
    const placed: Placed = { pf: options.address, address, driver }
    return placed
  })

/** Configures the PFs, probes and opens a VF on each. */
export const build = Effect.all({
  source: place(pfs.source),
  destination: place(pfs.destination),
  lacking: place(pfs.lacking)
})

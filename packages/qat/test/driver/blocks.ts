/** Migration blocks that a test needs as bytes. */
import { type Block, encodeBlock, Registers } from "@stopcopy/qat"
import { facts } from "./vf.ts"

const idleRing: Block.Ring = { base: 0n, config: 0, head: 0, tail: 0 }

/** A bank whose rings are not configured: both are empty and nearly empty. */
const idleBank: Block.Bank = {
  csrs: Registers.csrs.map(({ name }) => (name === "E_STAT" || name === "NE_STAT" ? 3 : 0)),
  rings: [idleRing, idleRing]
}

const block = (lastBank: Block.Bank): Uint8Array =>
  encodeBlock({
    setup: { gencap: facts.gencap, svcmap: facts.svcmap, extdc: facts.extdc },
    state: {
      general: { init: 1, compatVersion: 4, slas: [] },
      misc: { VINTSOU: 0, VINTMSK: 1, VINTSOUPF2VM: 0, VINTMSKPF2VM: 1, PF2VM: 0, VM2PF: 0 },
      banks: [idleBank, idleBank, idleBank, lastBank]
    }
  })

/** A well-formed block whose last bank cannot come out as it was saved: E_STAT says that an idle ring is not empty. */
export const refusedBlock = (): Uint8Array =>
  block({ ...idleBank, csrs: idleBank.csrs.map((value, index) => (index === Registers.csrIndex.E_STAT ? 0 : value)) })

/** A migration block with something in every part, for tests. */
import { type Block, encodeBlock } from "@stopcopy/qat"

const ring = { base: 0x1_4000_0000n, config: 0x2008, head: 0x80, tail: 0x100 }
const bank: Block.Bank = { csrs: Array.from({ length: 16 }, () => 0), rings: [ring, ring] }

/** 4096 fresh bytes; the parts end at 2364. */
export const sampleBlock = (): Uint8Array =>
  encodeBlock({
    setup: { gencap: 0x0100_0021, svcmap: 0x71c, extdc: 0x3 },
    state: {
      general: { init: 1, compatVersion: 4, slas: [{ service: 1, ringPairMask: 0x30n, cir: 400, pir: 800 }] },
      misc: { VINTSOU: 0, VINTMSK: 8, VINTSOUPF2VM: 0, VINTMSKPF2VM: 0, PF2VM: 0x1050a, VM2PF: 0xe },
      banks: [bank, bank, bank, bank]
    }
  })

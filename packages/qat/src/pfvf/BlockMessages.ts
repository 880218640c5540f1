/**
 * Block messages: what a VF reads of its PF, one byte a request. A block is its version, the length of what follows, and that. Source:
 * `qat_common/adf_pfvf_pf_proto.c`, `adf_pfvf_pf_msg.c`; section 5.4 of the register specification.
 */
import type { PfFacts } from "../Compatibility.ts"
import { crc8 } from "./Crc8.ts"

/** The block; undefined if it cannot be made. */
type Provider = (pf: PfFacts) => Uint8Array | undefined

const headBytes = 2

/** Version 2: extended compression capabilities and capability mask, 32 bits each, little endian. */
const capabilities: Provider = ({ extdc, gencap }) => {
  const block = new Uint8Array(headBytes + 8)
  block.set([2, 8])
  const view = new DataView(block.buffer)
  view.setUint32(2, extdc, true)
  view.setUint32(6, gencap, true)
  return block
}

/** Version 1: the map of 16 bits, little endian. */
const ringToService: Provider = ({ svcmap }) => Uint8Array.of(1, 2, svcmap & 0xff, svcmap >>> 8)

const capabilityBlock = 2
const ringToServiceBlock = 3

export type Providers = ReadonlyMap<number, Provider>
const providers: Providers = new Map([
  [capabilityBlock, capabilities],
  [ringToServiceBlock, ringToService]
])

/** Block types of a request, from `first` on, in the lowest `typeBits` of its data; behind them the byte number, which is the limit at most. */
const requests = {
  SMALL_BLOCK_REQ: { first: 0, typeBits: 4, limit: 31 },
  MEDIUM_BLOCK_REQ: { first: 16, typeBits: 3, limit: 63 },
  LARGE_BLOCK_REQ: { first: 24, typeBits: 2, limit: 127 }
} as const
export type BlockRequest = keyof typeof requests

const crcRequested = 1 << 9

/** Kinds of an answer, and the codes of an error. */
const kinds = { data: 0, crc: 1, error: 2 } as const
const errors = { type: 0, byteNumber: 1, truncated: 2, unspecified: 3 } as const

const answer = (kind: number, byte: number): number => kind | (byte << 2)

/** Data of BLKMSG_RESP to a request with this data. */
export const readBlock = (request: BlockRequest, data: number, pf: PfFacts, known: Providers = providers): number => {
  const { first, limit, typeBits } = requests[request]
  const provider = known.get(first + (data & ((1 << typeBits) - 1)))
  if (provider === undefined) return answer(kinds.error, errors.type)
  const block = provider(pf)
  if (block === undefined) return answer(kinds.error, errors.unspecified)
  // As the driver has it: a block as long as the limit does not fit either.
  if (block.length >= limit) return answer(kinds.error, errors.truncated)
  const byteNumber = (data >>> typeBits) & limit
  const byte = block[byteNumber]
  if (byte === undefined) return answer(kinds.error, errors.byteNumber)
  if ((data & crcRequested) === 0) return answer(kinds.data, byte)
  return answer(kinds.crc, crc8(block.subarray(0, byteNumber + 1)))
}

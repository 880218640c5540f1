/** What a VMM says to a QAT VF, in pieces that make sense: before anybody mutates it. Source: sections 5 to 15 of the vfio-user specification. */
import { Registers } from "@stopcopy/qat"
import { Command, Messages } from "@stopcopy/vfio-user"
import { Requests } from "@stopcopy/vfio-user/conformance"
import { memoryBase, memoryBytes } from "./HostileMemory.ts"
import { type Below, noise, oneIn, pick } from "./Random.ts"

/** One command, and how many descriptors go with it. */
export interface Said {
  readonly command: number
  readonly payload: Uint8Array
  readonly descriptors?: number
  /** It is said as it is. */
  readonly isPlain?: boolean
}

type Conversation = (below: Below) => ReadonlyArray<Said>

const { dataRead, dataWrite, dmaMap, dmaUnmap, feature, GET, irqs, PROBE, read, SET, setState, words, write } = Requests
const { DmaLoggingReport, DmaLoggingStart, RegionWriteMulti } = Messages

const word = (value: number): Uint8Array => words(value >>> 0)
const register = (offset: number, value: number): Said => ({
  command: Command.REGION_WRITE,
  payload: write(0, offset, word(value))
})

const facts: Conversation = (below) => [
  { command: Command.DEVICE_GET_INFO, payload: Requests.deviceInfo() },
  { command: Command.DEVICE_GET_REGION_INFO, payload: Requests.regionInfo(below(10)) },
  { command: Command.DEVICE_GET_REGION_INFO, payload: Requests.regionInfo(2, 1024) },
  { command: Command.DEVICE_GET_REGION_IO_FDS, payload: Requests.ioFds(below(10)) },
  { command: Command.DEVICE_GET_IRQ_INFO, payload: Requests.irqInfo(below(6)) },
  { command: Command.DEVICE_FEATURE, payload: feature(1 | GET | PROBE) },
  { command: Command.DEVICE_FEATURE, payload: feature(1 | GET, new Uint8Array(8)) }
]

const registers: Conversation = (below) => [
  { command: Command.REGION_READ, payload: read(7, 0, 256) },
  { command: Command.REGION_WRITE, payload: write(7, 4, Uint8Array.of(below(8), 0)) },
  { command: Command.REGION_READ, payload: read(0, 4 * below(0x2000), 4) },
  register(4 * below(0x2000), below(0x1_0000)),
  { command: Command.REGION_WRITE, payload: write(2, 4 * below(0x800), word(below(0x1_0000))) },
  { command: Command.REGION_WRITE, payload: write(pick(below, [0, 2, 7]), below(4096), noise(below, below(80))) },
  {
    command: Command.REGION_WRITE_MULTI,
    payload: RegionWriteMulti.encodeRequest(
      [0x104, 0x2104, 0x4104].map((offset) => ({ offset, region: 0, data: word(below(64)) }))
    )
  }
]

/** Rings of a bank in the client's memory, and a doorbell: the device asks for the memory. */
const rings: Conversation = (below) => {
  const bankAt = below(Registers.banksPerVf) * Registers.bankStride
  const ring = (index: number, name: Registers.RingRegisterName, value: number): Said =>
    register(bankAt + Registers.ringOffset(name, index), value)
  const places = [0, 1].flatMap((index) => [
    ring(index, "LBASE", Number((memoryBase + BigInt(0x4000 * index)) & 0xffff_ffffn)),
    ring(index, "UBASE", Number(memoryBase >> 32n))
  ])
  return [
    { command: Command.DMA_MAP, payload: dmaMap(memoryBase, BigInt(memoryBytes)), descriptors: below(2) },
    { command: Command.REGION_WRITE, payload: write(7, 4, Uint8Array.of(6, 0)) },
    ...places,
    ring(0, "CONFIG", 7),
    ring(1, "CONFIG", 0x2005),
    register(bankAt + Registers.csrs[Registers.csrIndex.RING_SRV_ARB_EN].offset, 1),
    ring(0, "TAIL", 128 * below(16))
  ]
}

const unmapping: Conversation = (below) => [
  { command: Command.DMA_MAP, payload: dmaMap(0x1000n * BigInt(below(64)), 0x1000n) },
  { command: Command.DMA_UNMAP, payload: dmaUnmap(0x1000n * BigInt(below(64)), 0x1000n) },
  { command: Command.DMA_UNMAP, payload: dmaUnmap(memoryBase, BigInt(memoryBytes)) },
  { command: Command.DMA_UNMAP, payload: dmaUnmap(0n, 0n, { flags: 2 }) }
]

const interrupts: Conversation = (below) => [
  { command: Command.DEVICE_SET_IRQS, payload: irqs(0x24, 2, 0, 1), descriptors: 1 },
  { command: Command.DEVICE_SET_IRQS, payload: irqs(0x22, 2, 0, 1, Uint8Array.of(below(2))) },
  { command: Command.DEVICE_SET_IRQS, payload: irqs(0x9 << below(3), 2, 0, 1) },
  { command: Command.DEVICE_SET_IRQS, payload: irqs(0x24, below(5), 0, 1), descriptors: 1 },
  { command: Command.DEVICE_SET_IRQS, payload: irqs(0x21, 2, 0, 0) }
]

const state = (number: number): Said => ({ command: Command.DEVICE_FEATURE, payload: setState(number) })
const reset: Said = { command: Command.DEVICE_RESET, payload: new Uint8Array(0) }

/**
 * Before a walk between states: a bank that cannot place its responses holds the walk until the device gives up after 5 s, as the hardware's driver does.
 * Mostly nothing is under way then.
 */
const atRest = (below: Below): ReadonlyArray<Said> => (oneIn(below, 128) ? [] : [{ ...reset, isPlain: true }])

const saving: Conversation = (below) => [
  ...atRest(below),
  state(6),
  { command: Command.DEVICE_FEATURE, payload: feature(9 | GET, new Uint8Array(8)) },
  { command: Command.MIG_DATA_READ, payload: dataRead(below(5000)) },
  state(3),
  { command: Command.MIG_DATA_READ, payload: dataRead(4096) },
  { command: Command.MIG_DATA_READ, payload: dataRead(below(100)) },
  state(pick(below, [1, 2, 5])),
  reset
]

const loading: Conversation = (below) => [
  ...atRest(below),
  state(4),
  { command: Command.MIG_DATA_WRITE, payload: dataWrite(noise(below, below(200))) },
  { command: Command.MIG_DATA_WRITE, payload: dataWrite(new Uint8Array(4096)) },
  state(pick(below, [1, 2])),
  reset
]

const wandering: Conversation = (below) => [
  ...atRest(below),
  ...Array.from({ length: 4 }, () => state(below(9))),
  { command: Command.DEVICE_FEATURE, payload: Requests.getState() },
  reset
]

const logging: Conversation = () => [
  {
    command: Command.DEVICE_FEATURE,
    payload: feature(
      6 | SET,
      DmaLoggingStart.encode({ pageSize: 4096n, ranges: [{ iova: memoryBase, length: BigInt(memoryBytes) }] })
    )
  },
  {
    command: Command.DEVICE_FEATURE,
    payload: feature(
      8 | GET,
      DmaLoggingReport.encode({
        iova: memoryBase,
        length: BigInt(memoryBytes),
        pageSize: 4096n,
        bitmap: new Uint8Array(0)
      }),
      4096
    )
  },
  { command: Command.DEVICE_FEATURE, payload: feature(7 | SET, new Uint8Array(16)) }
]

/** Commands that only a server sends, and one that is said only once. */
const misplaced: Conversation = (below) => [
  {
    command: Command.DMA_READ,
    payload: Messages.DmaTransfer.encode({ address: 0n, count: 4, data: new Uint8Array(0) })
  },
  { command: Command.VERSION, payload: Messages.Version.encode({ major: 0, minor: 1, capabilities: {} }) },
  { command: below(40), payload: noise(below, below(40)) }
]

/** Walks between states cost the most and are a part of what is said, not all of it. */
const cheap = [facts, facts, registers, registers, registers, unmapping, unmapping, interrupts, interrupts] as const
const all = [...cheap, logging, logging, misplaced, misplaced, rings, saving, loading, wandering] as const

/** A conversation about one thing. */
export const conversation = (below: Below): ReadonlyArray<Said> => pick<Conversation>(below, all)(below)

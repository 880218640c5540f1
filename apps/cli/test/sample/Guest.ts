/**
 * What a guest's driver does to its VF: register writes in the order in which drivers make them. There is no engine yet, so
 * the guest also plays the device's part of the rings: it moves the request ring's head and the response ring's tail.
 * Source: bank initialisation of `qat_common/adf_transport.c`; sections 2 and 5 of the register specification.
 */
import type { Errno } from "@stopcopy/errno"
import { type QatVfioPci, Registers } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import { Effect } from "effect"

/** One 32-bit write: `offset` in bytes. */
export interface Write {
  readonly bar: 0 | 2
  readonly offset: number
  readonly value: number
}

const { banksPerVf, bankStride, csrIndex, csrs, miscIndex, miscRegisters, ringOffset } = Registers

const csr = (bank: number, name: Registers.CsrName, value: number): Write => ({
  bar: 0,
  offset: bank * bankStride + csrs[csrIndex[name]].offset,
  value
})
const ring = (bank: number, index: number, name: Registers.RingRegisterName, value: number): Write => ({
  bar: 0,
  offset: bank * bankStride + ringOffset(name, index),
  value
})
const misc = (name: Registers.MiscName, value: number): Write => ({
  bar: 2,
  offset: miscRegisters[miscIndex[name]].vfOffset,
  value
})

const transmit = 0
const receive = 1
/** Size code 8: rings of 16 KiB. The response ring has its nearly-full watermark at 512 bytes. */
const ringBytes = 16 * 1024
const transmitConfig = 0x0008
const receiveConfig = 0x2008
/** Requests have 128 bytes, responses 32. */
const requestBytes = 128
const responseBytes = 32

/** Guest-physical address of a ring; above 4 GiB, so that both words of a base matter. */
const ringAddress = (bank: number, index: number): number => 0x1_4000_0000 + (bank * 2 + index) * ringBytes
const high = (address: number): number => Math.floor(address / 2 ** 32)
const low = (address: number): number => address % 2 ** 32

const startRing = (bank: number, index: number, config: number): ReadonlyArray<Write> => [
  ring(bank, index, "CONFIG", config),
  ring(bank, index, "LBASE", low(ringAddress(bank, index))),
  ring(bank, index, "UBASE", high(ringAddress(bank, index)))
]

/** Driver start: both rings, arbiter, interrupt sources, coalescing with a timer that differs by bank. */
const startBank = (bank: number): ReadonlyArray<Write> => [
  csr(bank, "INT_FLAG", 0x3),
  csr(bank, "INT_SRCSEL", 0x44),
  ...startRing(bank, transmit, transmitConfig),
  ...startRing(bank, receive, receiveConfig),
  csr(bank, "RING_SRV_ARB_EN", 0x1),
  csr(bank, "INT_FLAG_EN", 0x2),
  csr(bank, "INT_COL_EN", 0x2),
  csr(bank, "INT_COL_CTL", Registers.coalescingEnable + 0x27ff + 0x100 * bank),
  csr(bank, "INT_FLAG_AND_COL", 0x2)
]

/** Banks that the guest uses; the last one stays as it came up. */
const busyBanks = banksPerVf - 1

const each = (f: (bank: number) => ReadonlyArray<Write>): ReadonlyArray<Write> =>
  Array.from({ length: busyBanks }, (_, bank) => f(bank)).flat()

/** COMPAT_VER_REQ for version 4, and INIT. */
const compatVersionRequest = 0x41b
const initMessage = 0xf

/** A driver starts: mailbox messages, interrupts unmasked, banks set up. */
export const start: ReadonlyArray<Write> = [
  misc("VM2PF", compatVersionRequest),
  misc("VM2PF", initMessage),
  misc("VINTMSKPF2VM", 0),
  misc("VINTMSK", 0x8),
  ...each(startBank)
]

/**
 * Round `round` of work on every busy bank: requests submitted, one fetched and answered less than that, so that rings are
 * neither empty nor full. Pointers wrap at the end of the ring.
 */
export const work = (round: number): ReadonlyArray<Write> =>
  each((bank) => {
    const submitted = (bank + 2) * round
    const done = submitted - 1
    return [
      ring(bank, transmit, "TAIL", (submitted * requestBytes) % ringBytes),
      ring(bank, transmit, "HEAD", (done * requestBytes) % ringBytes),
      ring(bank, receive, "TAIL", (done * responseBytes) % ringBytes),
      ring(bank, receive, "HEAD", (Math.max(0, done - 1) * responseBytes) % ringBytes)
    ]
  })

/** A burst of doorbells: the request tail of one bank, once a request. */
export const burst = (bank: number, from: number, count: number): ReadonlyArray<Write> =>
  Array.from({ length: count }, (_, index) => ring(bank, transmit, "TAIL", ((from + index) * requestBytes) % ringBytes))

/** Makes the writes, one after the other. */
export const perform = (
  driver: QatVfioPci.QatVfioPci,
  writes: ReadonlyArray<Write>
): Effect.Effect<void, Errno | JournalError> =>
  Effect.forEach(writes, ({ bar, offset, value }) => driver.writeRegister(bar, offset, value), { discard: true })

/**
 * What a bank has for its engine to do, as a function of the VF's state: so that who drains, who watches and who works agree.
 * Source: sections 1.2 and 1.3 of the firmware specification.
 *
 * W1 Nothing is fetched unless the device runs, the bank's arbiter is on, both its rings are configured, and it neither drains nor is drained.
 * W2 Nothing is fetched without room for its response behind those that are still to be placed: one slot of the response ring stays free.
 * W3 Only whole messages count. Pointers are taken modulo the ring, whatever the guest has written.
 */
import { csr, hasLatch, Latch, type RegisterFile, ringRegister } from "./RegisterFile.ts"
import { receive, transmit } from "./Registers.ts"
import { responseBytes } from "./Outcome.ts"
import { ringFault } from "./DeviceEvolve.ts"
import { isFull, ringBytes } from "./RingStatus.ts"
import { engineBank } from "./VfDevice.ts"
import type { Vf } from "./VfState.ts"

/** Requests that may be fetched now. */
export interface Work {
  /** RING_HEAD as it stands, and the place of the first request, in bytes. */
  readonly from: number
  readonly head: number
  /** Sizes of both rings, in bytes. */
  readonly transmitBytes: number
  readonly receiveBytes: number
  /** Place of the first response, in messages. */
  readonly responseSlot: number
  /** How many requests wait and have room for their responses. */
  readonly count: number
}

/** Whether the bank stands still after a fault on the memory of one of its rings. */
export const isHalted = (file: RegisterFile, bank: number): boolean =>
  (csr(file, bank, "EXP_STAT") & (ringFault | (ringFault << 1))) !== 0

const mayFetch = ({ lifecycle, migrationState, registers }: Vf, bank: number): boolean =>
  lifecycle === "open" &&
  (migrationState === "RUNNING" || migrationState === "PRE_COPY") &&
  (csr(registers, bank, "RING_SRV_ARB_EN") & 1) !== 0 &&
  !hasLatch(registers, bank, Latch.drained | Latch.draining) &&
  !isHalted(registers, bank)

/** What may be fetched from a bank, with requests of `requestBytes`; undefined if nothing may. */
export const fetchable = (vf: Vf, bank: number, requestBytes: number): Work | undefined => {
  if (vf.device === undefined || !mayFetch(vf, bank)) return undefined
  const { registers } = vf
  const transmitBytes = ringBytes(ringRegister(registers, bank, transmit, "CONFIG"))
  const receiveBytes = ringBytes(ringRegister(registers, bank, receive, "CONFIG"))
  if (transmitBytes === 0 || receiveBytes === 0) return undefined
  const from = ringRegister(registers, bank, transmit, "HEAD")
  const head = from & (transmitBytes - 1) & ~(requestBytes - 1)
  const tail = ringRegister(registers, bank, transmit, "TAIL")
  const waiting = Math.floor(((tail - head) & (transmitBytes - 1)) / requestBytes)
  const end = engineBank(vf.device, bank).unplaced?.tail ?? ringRegister(registers, bank, receive, "TAIL")
  const used = (end - ringRegister(registers, bank, receive, "HEAD")) & (receiveBytes - 1)
  const room = isFull(registers, bank, receive) ? 0 : Math.floor((receiveBytes - used) / responseBytes) - 1
  const count = Math.min(waiting, room)
  if (count <= 0) return undefined
  const responseSlot = Math.floor((end & (receiveBytes - 1)) / responseBytes)
  return { from, head, transmitBytes, receiveBytes, responseSlot, count }
}

/** Whether responses of a bank still have to reach guest memory. */
export const hasUnplaced = ({ device, lifecycle, registers }: Vf, bank: number): boolean =>
  device !== undefined &&
  lifecycle === "open" &&
  !isHalted(registers, bank) &&
  engineBank(device, bank).unplaced !== null

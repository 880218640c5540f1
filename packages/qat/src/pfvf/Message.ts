/**
 * Words of the mailbox between a VF and its PF, both ways: bit 0 doorbell, which the receiver clears to acknowledge; bit 1 always 1; bits 7:2
 * type; bits 31:8 data. Source: `qat_common/adf_pfvf_msg.h`; sections 5.1 to 5.3 of the register specification.
 */

const doorbell = 0x1
const system = 0x2

/** The newest mailbox version that the PF's driver knows: `ADF_PFVF_COMPAT_THIS_VERSION`. */
export const compatVersion = 5

/** Types from VF to PF. */
export const toPf = {
  INIT: 0x03,
  SHUTDOWN: 0x04,
  VERSION_REQ: 0x05,
  COMPAT_VER_REQ: 0x06,
  LARGE_BLOCK_REQ: 0x07,
  MEDIUM_BLOCK_REQ: 0x08,
  SMALL_BLOCK_REQ: 0x09,
  RESTARTING_COMPLETE: 0x0a,
  RP_RESET: 0x10
} as const

/** Types from PF to VF. */
export const toVf = {
  RESTARTING: 0x01,
  VERSION_RESP: 0x02,
  BLKMSG_RESP: 0x03,
  FATAL_ERROR: 0x04,
  RESTARTED: 0x05,
  RP_RESET_RESP: 0x10
} as const

export const typeOf = (word: number): number => (word >>> 2) & 0x3f
/** 24 bits. */
export const dataOf = (word: number): number => word >>> 8

/** A message that has just been sent; `data` of 24 bits. */
export const message = (type: number, data = 0): number => (doorbell | system | (type << 2) | (data << 8)) >>> 0

/** The word once its receiver has read it. */
export const acknowledged = (word: number): number => (word & ~doorbell) >>> 0

/** Whether the receiver has not acknowledged the word yet. */
export const isPending = (word: number): boolean => (word & doorbell) !== 0

const notifications: ReadonlySet<number> = new Set([toVf.RESTARTING, toVf.FATAL_ERROR, toVf.RESTARTED])

/** Whether the VF has still to read a message that it did not ask for. */
export const isUnreadNotification = (pf2vm: number): boolean => isPending(pf2vm) && notifications.has(typeOf(pf2vm))

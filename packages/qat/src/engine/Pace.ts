/** How fast a device's engines may go: its SLAs, asked request by request. One for all VFs of a PF, which share the device. */
import { asymmetricRequestBytes } from "./Message.ts"
import { RateLimiter, slaServiceOf } from "./RateLimit.ts"
import { banksPerVf } from "../Registers.ts"
import type { Sla } from "../mstate/Block.ts"
import { Service } from "./Message.ts"

/** Input of a request in bytes, as it stands in its parameters: cipher and authentication length, or input length. */
const inputOf = (message: Uint8Array): number => {
  if (message.length === asymmetricRequestBytes) return 0
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  return message[2] === Service.compression
    ? view.getUint32(56, true)
    : Math.max(view.getUint32(60, true), view.getUint32(84, true))
}

export class Pace {
  readonly #limiter: RateLimiter

  /** `limiter`: of the device; one with the maxima of real hardware if nothing is said. */
  constructor(limiter: RateLimiter = new RateLimiter()) {
    this.#limiter = limiter
  }

  /** Lets a request of a VF's bank go: then undefined. Otherwise when to ask again, in microseconds of the clock that says `now`. */
  admit(slas: ReadonlyArray<Sla>, vf: number, bank: number, message: Uint8Array, now: number): number | undefined {
    const service = slaServiceOf(message[2] ?? 0)
    if (slas.length === 0 || service === undefined) return undefined
    return this.#limiter.take(slas, banksPerVf * vf + bank, service, inputOf(message), now)
  }
}

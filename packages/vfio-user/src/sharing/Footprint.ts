/**
 * What a guest's VMM has on the server beyond its connection: maps of its memory, and eventfds of its interrupts. A server gives both up when a client leaves; one
 * whose connection stays is told.
 */
import { Effect } from "effect"
import type { Client } from "../Client.ts"
import type { CallError } from "../client/errors.ts"
import { Command } from "../Command.ts"
import * as DmaMap from "../messages/DmaMap.ts"
import * as DmaUnmap from "../messages/DmaUnmap.ts"
import * as SetIrqs from "../messages/SetIrqs.ts"

/** Calls under way at one time while it is taken away. */
const concurrency = 32

interface Place {
  readonly address: bigint
  readonly size: bigint
}

/** The commands whose requests are to be kept until they are answered. */
export const leavesSomething = (command: number): boolean =>
  command === Command.DMA_MAP || command === Command.DMA_UNMAP || command === Command.DEVICE_SET_IRQS

const nothingThere = (error: CallError): boolean => error._tag === "ENOENT" || error._tag === "EINVAL"

export class Footprint {
  private readonly maps = new Map<string, Place>()
  private readonly interrupts = new Set<number>()

  /** How many maps there are. */
  get size(): number {
    return this.maps.size
  }

  /** The server has done what this command asked for; `payload` is whole. */
  done(command: number, payload: DataView): void {
    if (command === Command.DMA_MAP) this.mapped(payload.getBigUint64(16, true), payload.getBigUint64(24, true))
    else if (command === Command.DMA_UNMAP) {
      if ((payload.getUint32(4, true) & DmaUnmap.ALL) !== 0) this.maps.clear()
      else this.maps.delete(keyOf(payload.getBigUint64(8, true), payload.getBigUint64(16, true)))
    } else this.set(payload.getUint32(4, true), payload.getUint32(8, true), payload.getUint32(16, true))
  }

  /** Takes everything away. Fails where the server does not do it. */
  erase(client: Client): Effect.Effect<void, CallError> {
    const maps = [...this.maps.values()]
    const interrupts = [...this.interrupts]
    this.maps.clear()
    this.interrupts.clear()
    const gone = (call: Effect.Effect<void, CallError>) => Effect.catchIf(call, nothingThere, () => Effect.void)
    return Effect.zipRight(
      Effect.forEach(interrupts, (index) => gone(client.disable(index)), { discard: true }),
      Effect.forEach(maps, ({ address, size }) => gone(client.dmaUnmap(address, size)), { concurrency, discard: true })
    )
  }

  private mapped(address: bigint, size: bigint): void {
    this.maps.set(keyOf(address, size), { address, size })
  }

  private set(flags: number, index: number, count: number): void {
    if ((flags & SetIrqs.ACTION_TRIGGER) === 0) return
    if ((flags & SetIrqs.DATA_EVENTFD) !== 0) this.interrupts.add(index)
    else if ((flags & SetIrqs.DATA_NONE) !== 0 && count === 0) this.interrupts.delete(index)
  }
}

const keyOf = (address: bigint, size: bigint): string => `${address}:${size}`

/** Least payload of the commands above, in bytes: what `done` reads. */
export const keptBytes = Math.max(DmaMap.byteLength, DmaUnmap.byteLength, SetIrqs.byteLength)

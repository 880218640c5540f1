/**
 * Messages on their way out. Those of one turn of the event loop go out with one `send`: they stand one behind the other in a slab, of which each
 * `send` gives a piece away. Source: section 1 of the vfio-user specification ("write header and payload of a message with one system call").
 */
import type { Connection } from "../Connection.ts"
import { headerBytes, noReply, typeCommand } from "../Header.ts"

/** Bytes of a slab. */
const slabBytes = 64 * 1024

/** More than this is not held back for others, in bytes: a receiver with default buffers still takes it at once. */
const batchBytes = 32 * 1024

export interface Outbox {
  /** Writes the header of a command; gives where the payload of `payloadBytes` goes in `view`. It is written before anything else is called. */
  readonly command: (id: number, command: number, payloadBytes: number, wantsReply: boolean) => number
  /** Where the last `command` stands. */
  readonly view: () => DataView<ArrayBuffer>
  readonly bytes: () => Uint8Array<ArrayBuffer>
  /** Sends a whole message by itself, behind what is held. Descriptors belong to the last message of a `send`, so theirs is alone. */
  readonly sendAlone: (message: Uint8Array, descriptors: ReadonlyArray<number>) => void
  /** Adds a whole message to what is held. */
  readonly add: (message: Uint8Array) => void
  /** Sends what is held. */
  readonly flush: () => void
  /** While held, `flush` is left to the caller: he is in the middle of something that makes more messages. */
  readonly hold: () => void
  readonly release: () => void
  /** Whether the connection takes no more for now. */
  readonly isFull: () => boolean
  /** The connection takes more again. */
  readonly drained: () => void
}

/** Collects messages for `connection`. */
export const makeOutbox = (connection: Connection): Outbox => {
  let slab = new Uint8Array(slabBytes)
  let view = new DataView(slab.buffer)
  let [start, end] = [0, 0]
  let [held, scheduled, full] = [false, false, false]
  const send = (bytes: Uint8Array, descriptors?: ReadonlyArray<number>): void => {
    if (!connection.send(bytes, descriptors)) full = true
  }
  const flush = (): void => {
    scheduled = false
    if (start === end) return
    const bytes = slab.subarray(start, end)
    start = end
    send(bytes)
  }
  /** Makes place for `size` bytes at `end`. */
  const reserve = (size: number): void => {
    if (end + size <= slab.length && end - start <= batchBytes) return
    flush()
    if (end + size <= slab.length) return
    slab = new Uint8Array(Math.max(slabBytes, size))
    view = new DataView(slab.buffer)
    start = 0
    end = 0
  }
  const schedule = (): void => {
    if (held || scheduled) return
    scheduled = true
    queueMicrotask(flush)
  }
  return {
    command: (id, command, payloadBytes, wantsReply) => {
      const size = headerBytes + payloadBytes
      reserve(size)
      const at = end
      end += size
      view.setUint16(at, id, true)
      view.setUint16(at + 2, command, true)
      view.setUint32(at + 4, size, true)
      view.setUint32(at + 8, wantsReply ? typeCommand : typeCommand | noReply, true)
      view.setUint32(at + 12, 0, true)
      schedule()
      return at + headerBytes
    },
    view: () => view,
    bytes: () => slab,
    sendAlone: (message, descriptors) => {
      flush()
      send(message, descriptors)
    },
    add: (message) => {
      reserve(message.length)
      slab.set(message, end)
      end += message.length
      schedule()
    },
    flush,
    hold: () => {
      held = true
    },
    release: () => {
      held = false
      flush()
    },
    isFull: () => full,
    drained: () => {
      full = false
    }
  }
}

/**
 * The calls that wait for their replies, by message id. An id is in use until its reply has come, also when nobody waits for it any more: a late reply is
 * then known and not taken for that of another call. Source: section 1 of the vfio-user specification.
 */
import type { CallError } from "./errors.ts"

/** Who waits for a reply. One may wait for many. */
export interface Waiting {
  /** The reply: its header is at `at` of `view`, `size` bytes with it. Borrowed until the call returns. */
  readonly replied: (view: DataView, at: number, size: number) => void
  readonly failed: (error: CallError) => void
}

/** Calls at once: an id has 16 bits. */
const maxCalls = 0x1_0000

/** Waits for the reply of a call that was given up. */
const forgotten: Waiting = { replied: () => undefined, failed: () => undefined }

export interface Calls {
  /** An id for a call whose reply has at least `leastBytes` with its header; -1: too many calls. `ticks`: how long it may take. */
  readonly begin: (command: number, leastBytes: number, ticks: number, waiting: Waiting) => number
  /** Who waits under `id`; undefined: nobody ever did. */
  readonly waiting: (id: number) => Waiting | undefined
  readonly command: (id: number) => number
  readonly leastBytes: (id: number) => number
  /** Frees the id: its reply has come. */
  readonly end: (id: number) => void
  /** Whoever waits is told nothing more. */
  readonly forget: (id: number, waiting: Waiting) => void
  /** A moment has passed: calls `expired` for each that has waited for as many as it may. */
  readonly tick: (expired: (waiting: Waiting, command: number, ticks: number) => void) => void
  /** Empties the table, and tells each. */
  readonly failAll: (error: CallError) => void
}

const firstSize = 64

/** Columns of the table, and the ids that are free. */
interface Table {
  readonly waiting: Array<Waiting | undefined>
  readonly free: Array<number>
  commands: Uint16Array<ArrayBuffer>
  least: Uint32Array<ArrayBuffer>
  ticks: Uint32Array<ArrayBuffer>
  due: Float64Array<ArrayBuffer>
}

const resized = <A extends { readonly length: number; readonly set: (from: A) => void }>(from: A, to: A): A => {
  to.set(from)
  return to
}

const grow = (table: Table): void => {
  const from = table.waiting.length
  const size = from === 0 ? firstSize : Math.min(from * 2, maxCalls)
  for (let id = size - 1; id >= from; id--) table.free.push(id)
  for (let id = from; id < size; id++) table.waiting.push(undefined)
  table.commands = resized(table.commands, new Uint16Array(size))
  table.least = resized(table.least, new Uint32Array(size))
  table.ticks = resized(table.ticks, new Uint32Array(size))
  table.due = resized(table.due, new Float64Array(size))
}

/** An empty table. */
export const makeCalls = (): Calls => {
  const table: Table = {
    waiting: [],
    free: [],
    commands: new Uint16Array(0),
    least: new Uint32Array(0),
    ticks: new Uint32Array(0),
    due: new Float64Array(0)
  }
  let now = 0
  const begin = (command: number, leastBytes: number, ticks: number, waiting: Waiting): number => {
    if (table.free.length === 0 && table.waiting.length < maxCalls) grow(table)
    const id = table.free.pop()
    if (id === undefined) return -1
    table.waiting[id] = waiting
    table.commands[id] = command
    table.least[id] = leastBytes
    table.ticks[id] = ticks
    table.due[id] = now + ticks
    return id
  }
  return {
    begin,
    waiting: (id) => table.waiting[id],
    command: (id) => table.commands[id] ?? 0,
    leastBytes: (id) => table.least[id] ?? 0,
    end: (id) => {
      table.waiting[id] = undefined
      table.free.push(id)
    },
    forget: (id, waiting) => {
      if (table.waiting[id] === waiting) table.waiting[id] = forgotten
    },
    tick: (expired) => {
      now++
      for (let id = 0; id < table.waiting.length; id++) {
        const waiting = table.waiting[id]
        if (waiting === undefined || waiting === forgotten || (table.due[id] ?? 0) >= now) continue
        table.waiting[id] = forgotten
        expired(waiting, table.commands[id] ?? 0, table.ticks[id] ?? 0)
      }
    },
    failAll: (error) => {
      for (let id = 0; id < table.waiting.length; id++) {
        const waiting = table.waiting[id]
        if (waiting === undefined) continue
        table.waiting[id] = undefined
        table.free.push(id)
        waiting.failed(error)
      }
    }
  }
}

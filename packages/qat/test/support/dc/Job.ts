/** A compression job laid out in an arena, as a driver would: its request, and where its output will be. */
import type { Arena } from "./Arena.ts"
import { type Ask, type DpdkChoice, dpdkRequest, kernelRequest, type Kind, type Place } from "./Requests.ts"

export interface JobChoice extends DpdkChoice {
  readonly kind: Kind
  readonly data: Uint8Array
  /** Room for output, in bytes. */
  readonly room: number
  /** Who sends it; DPDK if nothing is said. */
  readonly sender?: "dpdk" | "kernel" | "early kernel"
  /** Lengths of the pieces that source and destination are split into; the last takes the rest. Flat if nothing is said. */
  readonly split?: { readonly source: ReadonlyArray<number>; readonly destination: ReadonlyArray<number> }
  readonly opaque?: bigint
}

interface Job {
  readonly request: Uint8Array<ArrayBuffer>
  /** A copy of the first `length` bytes of the destination. */
  readonly output: (length: number) => Uint8Array
  readonly destination: ReadonlyArray<Place>
}

/** Lengths that add up to `total`, and have a 0 where `lengths` have one. */
const splitUp = (total: number, lengths: ReadonlyArray<number>): ReadonlyArray<number> => {
  let left = total
  const parts = lengths.map((length) => {
    const part = Math.min(length, left)
    left -= part
    return part
  })
  return [...parts, left]
}

/** The kernel lends each compression this many bytes behind the caller's own, so that a little too much is no overflow. */
const kernelOverflow = 4096

/** Lays a job out. Pieces have bytes of others between them, and odd addresses. */
export const layOut = (arena: Arena, choice: JobChoice): Job => {
  const { data, kind, opaque = 0x7f00_5566_7780n, room, sender = "dpdk", split } = choice
  const scattered = sender !== "dpdk" || split !== undefined
  const lend = sender !== "dpdk" && kind !== "decompress" ? [kernelOverflow] : []
  const place = (total: number, lengths: ReadonlyArray<number>): ReadonlyArray<Place> =>
    splitUp(total, lengths).map((length) => {
      arena.room(1)
      return arena.room(length)
    })
  const sources = place(data.length, split?.source ?? [])
  const destination = [...place(room, split?.destination ?? []), ...lend.map((length) => arena.room(length))]
  let at = 0
  for (const piece of sources) {
    arena.view(piece).set(data.subarray(at, at + piece.length))
    at += piece.length
  }
  const [source, target] = scattered
    ? [arena.list(sources), arena.list(destination, destination.length - lend.length)]
    : [sources[0], destination[0]]
  if (source === undefined || target === undefined) throw new Error("a split has a piece at least")
  const ask: Ask = { kind, source, destination: target, scattered, opaque }
  return {
    request: sender === "dpdk" ? dpdkRequest(ask, choice) : kernelRequest(ask, sender === "early kernel"),
    output: (length) => arena.read(destination, length),
    destination
  }
}

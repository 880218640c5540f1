/** One request laid out over an arena, as a driver would: its buffers flat or scattered, in place or not, and its content descriptor. */
import type { Arena } from "../dc/Arena.ts"
import type { Ask, Built, Driver } from "./Requests.ts"
import { gathered, spread } from "./Spread.ts"

/** How buffers lie. */
export interface Setting {
  readonly inPlace: boolean
  /** Sizes of the first pieces of each list; flat if there are none. */
  readonly cuts?: { readonly source: ReadonlyArray<number>; readonly destination: ReadonlyArray<number> }
  readonly driver?: Driver
}

interface Laid {
  readonly request: Uint8Array<ArrayBuffer>
  /** What the whole destination holds now, and the whole source if it is another buffer. */
  readonly destination: () => Uint8Array
  readonly source: () => Uint8Array
}

/** What a destination holds before. */
export const untouched = 0xee
/** The largest descriptor is that of a kernel's chain. */
const descriptorBytes = 320
const opaque = 0x7f00_1122_3340n

/**
 * Lays out what `build` makes of the places. The source holds `data`; a destination of its own is as long, and `untouched`. The
 * arena is there for what else a request needs.
 */
export const laid = (
  arena: Arena,
  data: Uint8Array,
  setting: Setting,
  build: (ask: Ask, arena: Arena) => Built
): Laid => {
  const { cuts, driver = "dpdk", inPlace } = setting
  const source = spread(arena, data, cuts?.source)
  const destination = inPlace ? source : spread(arena, new Uint8Array(data.length).fill(untouched), cuts?.destination)
  const descriptorAt = arena.room(descriptorBytes, 64).address
  const ask = { source: source.place, destination: destination.place, scattered: cuts !== undefined, opaque, driver }
  const { descriptor, request } = build({ ...ask, descriptorAt }, arena)
  arena.view({ address: descriptorAt, length: descriptor.length }).set(descriptor)
  return {
    request,
    destination: () => gathered(arena, destination),
    source: () => gathered(arena, source)
  }
}

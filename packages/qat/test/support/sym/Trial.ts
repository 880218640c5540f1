/** One request tried out: builds it over an arena, carries it out, and tells what came of it. For flat and scattered buffers, in place or not. */
import { Arena } from "../dc/Arena.ts"
import type { Place } from "../dc/Requests.ts"
import { type Done, executed } from "./Execute.ts"
import type { Ask, Built, Driver } from "./Requests.ts"
import { gathered, spread } from "./Spread.ts"

/** How buffers lie. */
export interface Setting {
  readonly inPlace: boolean
  /** Sizes of the first pieces of each list; flat if there are none. */
  readonly cuts?: { readonly source: ReadonlyArray<number>; readonly destination: ReadonlyArray<number> }
  readonly driver?: Driver
}

export interface Tried extends Done {
  /** The whole destination after the request, and the whole source if it is another buffer. */
  readonly destination: Uint8Array
  readonly source: Uint8Array
  /** What another place holds. */
  readonly at: (place: Place) => Uint8Array
}

const base = 0x1_2000_0000n
const arenaBytes = 1 << 18
/** What a destination holds before. */
export const untouched = 0xee
const opaque = 0x7f00_1122_3340n

/**
 * Carries out what `build` makes of the places. The source holds `data`; a destination of its own is as long, and `untouched`. The
 * arena is there for what else a request needs.
 */
export const trial = (data: Uint8Array, setting: Setting, build: (ask: Ask, arena: Arena) => Built): Tried => {
  const arena = new Arena(base, arenaBytes)
  const { cuts, driver = "dpdk", inPlace } = setting
  const source = spread(arena, data, cuts?.source)
  const destination = inPlace ? source : spread(arena, new Uint8Array(data.length).fill(untouched), cuts?.destination)
  const descriptorAt = arena.room(512, 64).address
  const built = build(
    {
      source: source.place,
      destination: destination.place,
      scattered: cuts !== undefined,
      opaque,
      descriptorAt,
      driver
    },
    arena
  )
  arena.view({ address: descriptorAt, length: built.descriptor.length }).set(built.descriptor)
  return {
    ...executed([arena.region], built.request),
    destination: gathered(arena, destination),
    source: gathered(arena, source),
    at: (place) => new Uint8Array(arena.view(place))
  }
}

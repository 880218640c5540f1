/** One request tried out: builds it over an arena, carries it out, and tells what came of it. For flat and scattered buffers, in place or not. */
import { Arena } from "../dc/Arena.ts"
import type { Place } from "../dc/Requests.ts"
import { type Done, executed } from "./Execute.ts"
import { laid, type Setting } from "./Laid.ts"
import type { Ask, Built } from "./Requests.ts"

export interface Tried extends Done {
  /** The whole destination after the request, and the whole source if it is another buffer. */
  readonly destination: Uint8Array
  readonly source: Uint8Array
  /** What another place holds. */
  readonly at: (place: Place) => Uint8Array
}

const base = 0x1_2000_0000n
const arenaBytes = 1 << 18

/** Lays a request out over memory of its own, as `laid` does, and carries it out. */
export const trial = (data: Uint8Array, setting: Setting, build: (ask: Ask, arena: Arena) => Built): Tried => {
  const arena = new Arena(base, arenaBytes)
  const { destination, request, source } = laid(arena, data, setting, build)
  return {
    ...executed([arena.region], request),
    destination: destination(),
    source: source(),
    at: (place) => new Uint8Array(arena.view(place))
  }
}

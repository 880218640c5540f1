/** stub */
import { Effect } from "effect"
export const interactive = (_f: ReadonlyArray<string>, _filter: unknown) => Effect.void

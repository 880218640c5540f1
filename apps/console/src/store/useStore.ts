/** Reads a store in a component, which is rendered again with each change. */
import { useSyncExternalStore } from "react"
import type { Readable } from "./Store.ts"

export const useStore = <A>(store: Readable<A>): A => useSyncExternalStore(store.subscribe, store.get)

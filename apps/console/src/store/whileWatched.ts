/** Something that goes on only while a store is watched. */
import type { Readable, Store } from "./Store.ts"

/** The first who subscribes begins it; what `begin` gives ends it when the last one has left. */
export const whileWatched = <A>(store: Store<A>, begin: () => () => void): Readable<A>["subscribe"] => {
  let watchers = 0
  let end = (): void => undefined
  return (listener) => {
    const unsubscribe = store.subscribe(listener)
    watchers += 1
    if (watchers === 1) end = begin()
    return () => {
      unsubscribe()
      watchers -= 1
      if (watchers === 0) end()
    }
  }
}

/** A value that somebody watches: plain code sets it, React reads it with `useStore`. */

/** What can be read and watched. */
export interface Readable<A> {
  readonly get: () => A
  /** Calls the listener after each change, until what it gives is called. */
  readonly subscribe: (listener: () => void) => () => void
}

export class Store<A> implements Readable<A> {
  private value: A
  private readonly listeners = new Set<() => void>()

  constructor(initial: A) {
    this.value = initial
  }

  readonly get = (): A => this.value

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  get isWatched(): boolean {
    return this.listeners.size > 0
  }

  /** The same value again is no change. */
  set(value: A): void {
    if (Object.is(value, this.value)) return
    this.value = value
    for (const listener of this.listeners) listener()
  }

  update(change: (value: A) => A): void {
    this.set(change(this.value))
  }
}

/** One journey under way: what is looked at, which events are listed, and the address that says so. Plain code; React reads its stores. */
import { Store } from "../store/Store.ts"
import { indexUpTo, isOpen, noFilter, placesLater, placesNow, type Filter } from "./Filter.ts"
import type { Journey } from "./Journey.ts"
import { queryOf, type View, viewOf } from "./View.ts"

/** The part of the browser that keeps addresses. */
export interface Addresses {
  readonly query: () => string
  /** `isNew`: one can go back to the address before it. */
  readonly show: (query: string, isNew: boolean) => void
  /** Calls the listener when somebody went back or forward, until what it gives is called. */
  readonly onMove: (listener: () => void) => () => void
}

/** The events that are listed: places, ascending. `isSearching`: more may come. */
interface Listed {
  readonly places: Uint32Array
  readonly isSearching: boolean
}

/** An address follows a cursor that moves all the time so long after its last step, in milliseconds. */
const settleMillis = 250

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

const allPlaces = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, place) => place)

export class Travelling {
  readonly journey: Journey
  readonly view: Store<View>
  readonly listed: Store<Listed>
  private readonly addresses: Addresses
  private readonly all: Uint32Array
  private searches = 0
  private settling: ReturnType<typeof setTimeout> | undefined

  constructor(journey: Journey, addresses: Addresses) {
    this.journey = journey
    this.addresses = addresses
    this.all = allPlaces(journey.chronicle.count)
    this.view = new Store(viewOf(journey.chronicle, new URLSearchParams(addresses.query())))
    this.listed = new Store<Listed>({ places: this.all, isSearching: false })
    this.list(this.view.get().filter)
  }

  /** Follows the browser's back and forward, until what it gives is called. */
  readonly begin = (): (() => void) => {
    const stop = this.addresses.onMove(() => {
      const view = viewOf(this.journey.chronicle, new URLSearchParams(this.addresses.query()))
      clearTimeout(this.settling)
      this.settling = undefined
      const before = this.view.get().filter
      this.view.set(view)
      if (JSON.stringify(before) !== JSON.stringify(view.filter)) this.list(view.filter)
    })
    return () => {
      stop()
      this.settled()
    }
  }

  /** A small step of many: the address follows when they end, and nobody goes back to each of them. */
  readonly scrub = (cursor: number): void => {
    const bounded = this.bounded(cursor)
    if (bounded === this.view.get().cursor) return
    this.view.update((view) => ({ ...view, cursor: bounded }))
    clearTimeout(this.settling)
    this.settling = setTimeout(() => this.address(false), settleMillis)
  }

  /** A step that one can go back from. */
  readonly jump = (change: Partial<View>): void => {
    this.settled()
    this.view.update((view) => ({ ...view, ...change, cursor: this.bounded(change.cursor ?? view.cursor) }))
    this.address(true)
  }

  /** By so many of the events that are listed, from the nearest one on. */
  readonly step = (by: number): void => {
    const { places } = this.listed.get()
    const { cursor } = this.view.get()
    if (places.length === 0) return
    const at = indexUpTo(places, cursor)
    const isOn = places[at] === cursor
    // From between two listed events, one step back is to the one before.
    const target = at + by + (by < 0 && !isOn ? 1 : 0)
    if (target < 0) return this.scrub(places === this.all ? -1 : (places[0] ?? -1))
    this.scrub(places[Math.min(target, places.length - 1)] ?? cursor)
  }

  readonly filter = (change: Partial<Filter>): void => {
    const filter = { ...this.view.get().filter, ...change }
    this.jump({ filter })
    this.list(filter)
  }

  /** Makes one change of the filter of many, such as a letter typed: nobody goes back to each. */
  readonly typing = (text: string): void => {
    const filter = { ...this.view.get().filter, text }
    this.view.update((view) => ({ ...view, filter }))
    this.list(filter)
    clearTimeout(this.settling)
    this.settling = setTimeout(() => this.address(false), settleMillis)
  }

  readonly clearFilter = (): void => this.filter(noFilter)

  private bounded(cursor: number): number {
    return Math.max(-1, Math.min(cursor, this.journey.chronicle.count - 1))
  }

  private address(isNew: boolean): void {
    this.addresses.show(queryOf(this.journey.chronicle, this.view.get()).toString(), isNew)
  }

  /** An address that is still to follow does so now. */
  private settled(): void {
    if (this.settling === undefined) return
    clearTimeout(this.settling)
    this.settling = undefined
    this.address(false)
  }

  private list(filter: Filter): void {
    const search = ++this.searches
    const { chronicle } = this.journey
    if (isOpen(filter)) return this.listed.set({ places: this.all, isSearching: false })
    if (filter.text === "") return this.listed.set({ places: placesNow(chronicle, filter), isSearching: false })
    this.listed.update(({ places }) => ({ places, isSearching: true }))
    const isStopped = () => search !== this.searches
    void placesLater(chronicle, filter, isStopped, pause).then(
      (places) => places !== undefined && this.listed.set({ places, isSearching: false })
    )
  }
}

/**
 * The states of one device as they come, shown slowly enough to be seen: each stays for a moment, also when the device left it after a microsecond. While
 * nobody watches nothing is kept.
 */
import { Effect, Fiber, Queue } from "effect"
import { deviceChangeOf } from "../live/deviceChange.ts"
import type { Live } from "../live/Live.ts"
import { type Readable, Store } from "../store/Store.ts"
import { whileWatched } from "../store/whileWatched.ts"
import type { DeviceState } from "./states.ts"

/** How long each state is shown at least. */
const moment = "220 millis"

/** Undefined: it has not changed since somebody watches. */
export class DeviceTrack implements Readable<DeviceState | undefined> {
  private readonly store = new Store<DeviceState | undefined>(undefined)
  private readonly live: Live
  private readonly host: string
  private readonly device: string

  constructor(live: Live, host: string, device: string) {
    this.live = live
    this.host = host
    this.device = device
  }

  readonly get = (): DeviceState | undefined => this.store.get()

  readonly subscribe = whileWatched(this.store, () => {
    const coming = Effect.runSync(Queue.unbounded<DeviceState>())
    const unlisten = this.live.listen((news) => {
      if (news._tag !== "Events") return
      for (const event of news.events) {
        const noted = deviceChangeOf(event)
        if (noted?.host === this.host && noted.change.name === this.device) coming.unsafeOffer(noted.change.state)
      }
    })
    const showing = coming.take.pipe(
      Effect.tap((state) => Effect.sync(() => this.store.set(state))),
      Effect.zipRight(Effect.sleep(moment)),
      Effect.forever
    )
    const fiber = Effect.runFork(showing)
    return () => {
      unlisten()
      this.store.set(undefined)
      Effect.runFork(Fiber.interrupt(fiber))
    }
  })
}

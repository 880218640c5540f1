/**
 * Giving the device to a user, and asking for it back. Sources: `vfio_pci_core_request` of `drivers/vfio/pci/vfio_pci_core.c`,
 * `vfio_unregister_group_dev` of `drivers/vfio/vfio_main.c`; `include/uapi/linux/vfio.h`.
 *
 * An interrupt that came while nobody had the device is given to whoever takes it, if what asked for it still does. An error that came then is not, as
 * with the kernel: nobody was there to be told.
 */
import { EBUSY, type Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import type { DeviceUser } from "@stopcopy/vfio"
import { Effect, Option, type Scope } from "effect"
import { because } from "../Refusals.ts"
import { type Front, interruptIndex, turn } from "./Front.ts"

/** How often the host asks for its device, as `vfio_unregister_group_dev` does, and how long a journal that takes nothing is left alone. */
const requestEvery = "10 seconds"
const retryAfter = "100 millis"

const taken = (name: string): EBUSY =>
  new EBUSY(because("device.taken", "a device has one user", name, "another user", "no user", "wait until it is free"))

/** Tells the user of something over and over, until it leaves. */
const relay = (
  front: Front,
  what: string,
  next: Effect.Effect<void, JournalError>
): Effect.Effect<void, never, Scope.Scope> =>
  next.pipe(
    Effect.forever,
    Effect.catchAllCause((cause) =>
      Effect.zipRight(
        Effect.logError(`${what} of ${front.name} are not told; it is tried again`, cause),
        Effect.sleep(retryAfter)
      )
    ),
    Effect.forever,
    Effect.interruptible,
    Effect.forkScoped,
    Effect.asVoid
  )

/** The device is the user's alone until the scope ends. `EBUSY`. */
const claim = (front: Front, user: DeviceUser): Effect.Effect<void, EBUSY, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      if (front.user !== undefined) return taken(front.name)
      front.user = user
      return Effect.void
    }),
    () => Effect.sync(() => (front.user = undefined))
  )

/**
 * Gives the device to a user until the scope ends. Its memory is entered last and left first: what is under way when it leaves is not its fault
 * any more.
 */
export const attach = (front: Front, user: DeviceUser): Effect.Effect<void, Errno | JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const { driver, memory } = front.parts
    yield* turn(front, Effect.void)
    yield* claim(front, user)
    let interrupts = front.vf.device?.interrupts ?? 0
    let errors = front.vf.errorNotifications
    const interrupted = Effect.suspend(() =>
      Effect.map(driver.interrupts(interrupts), (now) => {
        interrupts = now
        front.signal()
      })
    )
    const failed = Effect.map(
      driver.vf.until(({ errorNotifications }) => errorNotifications > errors),
      ({ errorNotifications }) => {
        errors = errorNotifications
        user.interrupt(interruptIndex.error, 0)
      }
    )
    front.signalPending()
    yield* relay(front, "interrupts", interrupted)
    yield* relay(front, "errors", failed)
    yield* Effect.acquireRelease(
      Effect.sync(() => memory.enter(user.dma)),
      () => Effect.sync(() => memory.leave())
    )
  })

export const request = (front: Front): Effect.Effect<boolean> =>
  Effect.sync(() => {
    front.user?.interrupt(interruptIndex.request, 0)
    return front.user !== undefined
  })

export const reclaim = (front: Front): Effect.Effect<number> =>
  Effect.gen(function* () {
    let asked = 0
    while (yield* request(front)) {
      asked++
      if (Option.isSome(yield* Effect.timeoutOption(front.parts.memory.gone, requestEvery))) break
    }
    return asked
  })

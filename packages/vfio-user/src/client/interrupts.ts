/** The interrupts of a remote device. Source: section 10 of the vfio-user specification. */
import { ENOTSUP } from "@stopcopy/errno"
import { Effect, Either } from "effect"
import { Command } from "../Command.ts"
import * as IrqInfo from "../messages/IrqInfo.ts"
import * as SetIrqs from "../messages/SetIrqs.ts"
import { call } from "./call.ts"
import type { Core } from "./Core.ts"
import type { CallError } from "./errors.ts"
import type { Negotiated } from "./negotiate.ts"

/** Vectors of one type: `index` is 0 INTx, 1 MSI, 2 MSI-X, 3 ERR, 4 REQ. */
export interface Vectors {
  readonly index: number
  readonly start: number
  readonly count: number
}

export type IrqAction = "mask" | "unmask" | "trigger"

export interface Interrupts {
  readonly irqInfo: (index: number) => Effect.Effect<IrqInfo.IrqInfo, CallError>
  /**
   * From now on vector `start + i` signals `eventfds[i]`, which the caller may close afterwards. More than a message takes go in several, in order.
   * `ENOTSUP` where descriptors cannot be passed.
   */
  readonly assignEventfds: (
    index: number,
    start: number,
    eventfds: ReadonlyArray<number>
  ) => Effect.Effect<void, CallError>
  /** The vectors signal nothing any more. */
  readonly deassign: (vectors: Vectors) => Effect.Effect<void, CallError>
  /** All vectors of the type signal nothing any more. */
  readonly disable: (index: number) => Effect.Effect<void, CallError>
  /** Masks, unmasks or fires all these vectors. */
  readonly setIrqs: (action: IrqAction, vectors: Vectors) => Effect.Effect<void, CallError>
  /** The same for the vectors whose flag is set. */
  readonly setIrqsWhere: (
    action: IrqAction,
    index: number,
    start: number,
    flags: ReadonlyArray<boolean>
  ) => Effect.Effect<void, CallError>
}

const noBools = new Uint8Array(0)

const actions = {
  mask: SetIrqs.ACTION_MASK,
  unmask: SetIrqs.ACTION_UNMASK,
  trigger: SetIrqs.ACTION_TRIGGER
} as const

const ignore = () => Either.void

const set = (
  core: Core,
  flags: number,
  { count, index, start }: Vectors,
  bools: Uint8Array = noBools,
  descriptors: ReadonlyArray<number> = []
): Effect.Effect<void, CallError> =>
  call(
    core,
    {
      command: Command.DEVICE_SET_IRQS,
      payload: SetIrqs.encode({ argsz: SetIrqs.byteLength + bools.length, flags, index, start, count, bools }),
      leastBytes: 0,
      descriptors
    },
    ignore
  )

const noPassing = (): ENOTSUP =>
  new ENOTSUP({
    refusal: {
      code: "vfio-user.client.descriptors",
      rule: "eventfds are passed as descriptors",
      where: "connection",
      source: "no descriptors",
      destination: "at least one a message",
      remedy: "use a transport that passes descriptors, and a server that takes them"
    }
  })

const assign = (
  core: Core,
  maxDescriptors: number,
  index: number,
  first: number,
  eventfds: ReadonlyArray<number>
): Effect.Effect<void, CallError> =>
  Effect.gen(function* () {
    if (maxDescriptors === 0) return yield* noPassing()
    for (let at = 0; at < eventfds.length; at += maxDescriptors) {
      const some = eventfds.slice(at, at + maxDescriptors)
      const vectors = { index, start: first + at, count: some.length }
      yield* set(core, SetIrqs.DATA_EVENTFD | SetIrqs.ACTION_TRIGGER, vectors, noBools, some)
    }
  })

/** The interrupts over a core. */
export const makeInterrupts = (core: Core, { maxDescriptors }: Negotiated): Interrupts => ({
  irqInfo: (index) =>
    call(
      core,
      {
        command: Command.DEVICE_GET_IRQ_INFO,
        payload: IrqInfo.encode({ argsz: IrqInfo.byteLength, flags: 0, index, count: 0 }),
        leastBytes: IrqInfo.byteLength
      },
      IrqInfo.decode
    ),
  assignEventfds: (index, start, eventfds) => assign(core, maxDescriptors, index, start, eventfds),
  deassign: (vectors) => set(core, SetIrqs.DATA_EVENTFD | SetIrqs.ACTION_TRIGGER, vectors),
  disable: (index) => set(core, SetIrqs.DATA_NONE | SetIrqs.ACTION_TRIGGER, { index, start: 0, count: 0 }),
  setIrqs: (action, vectors) => set(core, SetIrqs.DATA_NONE | actions[action], vectors),
  setIrqsWhere: (action, index, start, flags) =>
    set(
      core,
      SetIrqs.DATA_BOOL | actions[action],
      { index, start, count: flags.length },
      Uint8Array.from(flags, (flag) => (flag ? 1 : 0))
    )
})

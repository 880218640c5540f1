/** Commands of a migration that go out together: answered in the order of arrival, waited for once. */
import { Command, type Core, Messages } from "@stopcopy/vfio-user"
import { DeviceFeature, type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"

const { DeviceFeature: Feature, MigData, MigState } = Messages
const ticks = 50
const headerBytes = 16
const nothing = new Uint8Array(0)

interface Request {
  readonly command: number
  readonly payload: Uint8Array
  readonly leastBytes: number
}

/** Walks to a state. */
export const go = (state: MigrationState): Request => {
  const data = MigState.encode(MigrationStates.toNumber(state))
  const argsz = Feature.headBytes + data.byteLength
  const payload = Feature.encode({ argsz, flags: DeviceFeature.MIG_DEVICE_STATE.index | DeviceFeature.SET, data })
  return { command: Command.DEVICE_FEATURE, payload, leastBytes: Feature.headBytes }
}

/** Reads what a saving session has, at most `size` bytes. */
export const read = (size: number): Request => ({
  command: Command.MIG_DATA_READ,
  payload: MigData.encode({ argsz: MigData.headBytes + size, size, data: nothing }),
  leastBytes: MigData.headBytes
})

/** Writes to a resuming session. */
export const write = (data: Uint8Array): Request => ({
  command: Command.MIG_DATA_WRITE,
  payload: MigData.encode({ argsz: MigData.headBytes + data.byteLength, size: data.byteLength, data }),
  leastBytes: 0
})

/** What is done with the data in the replies to reads, one behind the other; none of other replies. */
type Done = (data: Uint8Array) => void

/** Sends requests with one send, by callbacks, as the floor's client does. */
export const send = (
  core: Core,
  requests: ReadonlyArray<Request>,
  done: Done,
  failed: (error: Error) => void
): void => {
  let left = requests.length
  const parts: Array<Uint8Array> = []
  const replied = (): void => {
    if (--left === 0) done(Buffer.concat(parts))
  }
  const read = (view: DataView, at: number, size: number): void => {
    const from = view.byteOffset + at + headerBytes + MigData.headBytes
    parts.push(new Uint8Array(view.buffer, from, size - headerBytes - MigData.headBytes).slice())
    replied()
  }
  for (const { command, leastBytes, payload } of requests) {
    const waiting = { replied: command === Command.MIG_DATA_READ ? read : replied, failed }
    core.call({ command, payload, leastBytes, ticks }, waiting)
  }
}

/** The same as an effect. */
export const together = (core: Core, requests: ReadonlyArray<Request>): Effect.Effect<Uint8Array, Error> =>
  Effect.async((resume) =>
    send(
      core,
      requests,
      (data) => resume(Effect.succeed(data)),
      (error) => resume(Effect.fail(error))
    )
  )

/** Commands of a migration that go out together, by the callbacks of the client's core: answered in the order of arrival, waited for once. */
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

/** The data in the replies to reads, one behind the other; none of other replies. */
export const together = (core: Core, requests: ReadonlyArray<Request>): Effect.Effect<Uint8Array, Error> =>
  Effect.async((resume) => {
    let [left, length] = [requests.length, 0]
    const parts: Array<Uint8Array> = []
    const failed = (error: Error): void => resume(Effect.fail(error))
    for (const { command, leastBytes, payload } of requests) {
      const isRead = command === Command.MIG_DATA_READ
      const replied = (view: DataView, at: number, size: number): void => {
        if (isRead) {
          const from = view.byteOffset + at + headerBytes + MigData.headBytes
          const part = new Uint8Array(view.buffer, from, size - headerBytes - MigData.headBytes).slice()
          parts.push(part)
          length += part.length
        }
        if (--left > 0) return
        const all = new Uint8Array(length)
        let end = 0
        for (const part of parts) {
          all.set(part, end)
          end += part.length
        }
        resume(Effect.succeed(all))
      }
      core.call({ command, payload, leastBytes, ticks }, { replied, failed })
    }
  })

/** What messages tell of the two sides: the version that they agreed on, and the migration state of the device. Source: `@stopcopy/vfio-user`, messages. */
import { DeviceFeature as Vfio, MigrationStates } from "@stopcopy/vfio"
import { Command, commandName, Header, Messages } from "@stopcopy/vfio-user"
import { Either } from "effect"
import type { Message } from "./WireCommand.ts"

export const isRequest = ({ flags }: Message): boolean => (flags & Header.typeMask) === Header.typeCommand
export const wantsReply = ({ flags }: Message): boolean => (flags & Header.noReply) === 0

/** A reply that is a success. */
const isGood = (message: Message): boolean => !isRequest(message) && (message.flags & Header.errorReply) === 0

/** The version in a good reply to VERSION, such as `0.1`. */
export const versionIn = (message: Message): string | undefined => {
  if (message.command !== commandName(Command.VERSION) || !isGood(message)) return undefined
  const { payload } = message
  if (payload.byteLength < Messages.Version.headBytes) return undefined
  const view = new DataView(payload.buffer, payload.byteOffset)
  return `${view.getUint16(0, true)}.${view.getUint16(2, true)}`
}

/** Head of DEVICE_FEATURE and the state behind it. */
const stateBytes = Messages.DeviceFeature.headBytes + Messages.MigState.byteLength

/**
 * The migration state that a good reply to GET or SET of it names; null after a reset, of which nobody is told where it led; undefined for every other
 * message.
 */
export const stateIn = (message: Message): string | null | undefined => {
  if (!isGood(message)) return undefined
  if (message.command === commandName(Command.DEVICE_RESET)) return null
  if (message.command !== commandName(Command.DEVICE_FEATURE) || message.payload.byteLength < stateBytes)
    return undefined
  const feature = Messages.DeviceFeature.decode(message.payload)
  if (Either.isLeft(feature)) return undefined
  const { data, flags } = feature.right
  const isState = (flags & Vfio.INDEX_MASK) === Vfio.MIG_DEVICE_STATE.index && (flags & Vfio.PROBE) === 0
  return isState
    ? Either.getOrElse(Either.map(Messages.MigState.decode(data), MigrationStates.describeNumber), () => undefined)
    : undefined
}

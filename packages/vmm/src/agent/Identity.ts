/** What a device is, as far as its socket tells: PCI ids, migration features, and everything that no socket tells. */
import type { Unknown } from "@stopcopy/agent"
import { DeviceType, vendorIntel } from "@stopcopy/qat"
import type { CallError, Client } from "@stopcopy/vfio-user"
import { Effect } from "effect"
import { opaque, qat, type StateFormat } from "./StateFormat.ts"

/** Flag of DEVICE_GET_INFO: a PCI device. */
const isPci = 2
const configSpace = 7

export interface Identity {
  /** Equal types may move onto each other: `qat-gen4` as emulators call it, else vendor and device. */
  readonly deviceType: string
  readonly deviceId: number
  readonly flags: number
  readonly format: StateFormat
  /** The server tells how many bytes STOP_COPY will yield. */
  readonly tellsSize: boolean
}

const hex = (value: number): string => value.toString(16).padStart(4, "0")

const typeOf = (vendor: number, device: number): Pick<Identity, "deviceType" | "deviceId" | "format"> => {
  const isQat = vendor === vendorIntel && DeviceType.deviceTypes.some(({ vf }) => vf === device)
  return isQat
    ? { deviceType: "qat-gen4", deviceId: device, format: qat }
    : { deviceType: `pci ${hex(vendor)}:${hex(device)}`, deviceId: device, format: opaque }
}

/** Asks the device. An errno where it cannot migrate. */
export const identify = (client: Client): Effect.Effect<Identity, CallError> =>
  Effect.gen(function* () {
    const flags = yield* client.migrationFlags
    const tellsSize = client.negotiated.extensions.dataSize
    const { flags: kind } = yield* client.info
    if ((kind & isPci) === 0) return { deviceType: "vfio-user", deviceId: 0, format: opaque, flags, tellsSize }
    const [vendor, device] = [yield* client.readWord(configSpace, 0, 2), yield* client.readWord(configSpace, 2, 2)]
    return { ...typeOf(vendor, device), flags, tellsSize }
  })

const capabilities: Unknown = {
  code: "capabilities",
  what: "its socket does not tell what its physical function offers",
  consequence:
    "capabilities, services and rates are not compared: the destination finds a difference when it takes the state, or its guest does"
}
const compat: Unknown = {
  code: "compat",
  what: "its socket does not tell the version of the mailbox between VF and PF",
  consequence:
    "a guest that has agreed on a newer one than the destination's PF knows is found by itself, after the move"
}
const carriedOnly: Unknown = {
  code: "digest",
  what: "its state is bytes that nobody but the device can read",
  consequence: "both sides compare the bytes that were given and taken, and not what the destination made of them"
}
const size: Unknown = {
  code: "size",
  what: "its server does not tell how much state it will give",
  consequence: "the forecast of the downtime counts no bytes"
}
const connection: Unknown = {
  code: "connection",
  what: "nobody says that its server keeps the device's state when a connection ends",
  consequence: "if the connection ends while the device stands still it is not run again, and an operator has to decide"
}

/** What is known beside the socket. */
interface Known {
  readonly hasCapabilities: boolean
  readonly proves: boolean
  readonly keepsState: boolean
}

export const unknownOf = (
  { format, tellsSize }: Pick<Identity, "format" | "tellsSize">,
  { hasCapabilities, keepsState, proves }: Known
): ReadonlyArray<Unknown> => [
  ...(hasCapabilities ? [] : [capabilities, compat]),
  ...(proves || format.comparesState ? [] : [carriedOnly]),
  ...(tellsSize ? [] : [size]),
  ...(keepsState ? [] : [connection])
]

/**
 * DEVICE_FEATURE: which features there are, the checks of a request, PROBE; then the feature itself. Source: section 13 of the vfio-user specification.
 */
import type { EINVAL } from "@stopcopy/errno"
import { DeviceFeature as Vfio, Now } from "@stopcopy/vfio"
import { Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as DeviceFeature from "../../messages/DeviceFeature.ts"
import * as MigDataSize from "../../messages/MigDataSize.ts"
import * as PrecopyInfo from "../../messages/PrecopyInfo.ts"
import { type Answer, type Client, type Handler, noPayload } from "../Client.ts"
import { loggingReport, loggingStart, loggingStop } from "./logging.ts"
import * as Migration from "./migrationFeatures.ts"

type Get = <E>(client: Client<E>, data: Uint8Array, room: number) => Answer<E>
type Set = <E>(client: Client<E>, data: Uint8Array) => Answer<E>

interface Feature {
  /** Whether this client finds it. */
  readonly exists: <E>(client: Client<E>) => boolean
  /** Gives the data of the reply; `room` is what the client takes of them, in bytes. */
  readonly get?: Get
  /** The least `room` for GET, in bytes; more than that is judged by `get`. */
  readonly getBytes?: number
  /** The reply repeats the request. */
  readonly set?: Set
}

const migrates = <E>({ served }: Client<E>): boolean => served.device.migration !== undefined
const logs = <E>({ served }: Client<E>): boolean => served.device.dmaLog !== undefined

const features: ReadonlyMap<number, Feature> = new Map<number, Feature>([
  [Vfio.MIGRATION.index, { exists: migrates, get: Migration.getFlags, getBytes: 8 }],
  [Vfio.MIG_DEVICE_STATE.index, { exists: migrates, get: Migration.getState, getBytes: 8, set: Migration.setState }],
  [Vfio.DMA_LOGGING_START.index, { exists: logs, set: loggingStart }],
  [Vfio.DMA_LOGGING_STOP.index, { exists: logs, set: loggingStop }],
  [Vfio.DMA_LOGGING_REPORT.index, { exists: logs, get: loggingReport }],
  [
    Vfio.MIG_DATA_SIZE.index,
    {
      exists: (client) => client.negotiated.dataSize && migrates(client),
      get: Migration.getDataSize,
      getBytes: MigDataSize.byteLength
    }
  ],
  [
    DeviceFeature.PRECOPY_INFO,
    {
      exists: (client) => client.negotiated.precopyInfo && migrates(client),
      get: Migration.getPrecopyInfo,
      getBytes: PrecopyInfo.byteLength
    }
  ]
])

export const deviceFeature: Handler = (client, payload) => {
  const checked = Either.flatMap(DeviceFeature.decode(payload), (request) => check(client, request))
  if (Either.isLeft(checked)) return Either.left(checked.left)
  const { feature, request } = checked.right
  const { argsz, data, flags } = request
  if ((flags & Vfio.PROBE) !== 0) return Either.right(payload)
  if ((flags & Vfio.SET) !== 0) {
    client.memory.begin()
    return Now.mapNow(feature.set?.(client, data) ?? Either.right(noPayload), () => payload)
  }
  const got = feature.get?.(client, data, argsz - DeviceFeature.headBytes) ?? Either.right(noPayload)
  return Now.mapNow(got, (answer) =>
    DeviceFeature.encode({ argsz: DeviceFeature.headBytes + answer.byteLength, flags, data: answer })
  )
}

interface Accepted {
  readonly request: DeviceFeature.DeviceFeature
  readonly feature: Feature
}

const operationBits = Vfio.GET | Vfio.SET | Vfio.PROBE

const check = <E>(client: Client<E>, request: DeviceFeature.DeviceFeature): Either.Either<Accepted, EINVAL> => {
  const { argsz, data, flags } = request
  const index = flags & Vfio.INDEX_MASK
  const [get, set, probe] = [(flags & Vfio.GET) !== 0, (flags & Vfio.SET) !== 0, (flags & Vfio.PROBE) !== 0]
  const feature = features.get(index)
  if (feature === undefined || !feature.exists(client)) return wrong("feature", index, "one that this device has")
  if ((flags & ~(operationBits | Vfio.INDEX_MASK)) !== 0) return wrong("flags", flags >>> 0, "no bit above 18")
  if ((get && feature.get === undefined) || (set && feature.set === undefined)) {
    return wrong("flags", flags, "operations that the feature has")
  }
  if (!probe && get === set) return wrong("flags", flags, "GET or SET, or PROBE")
  const least = DeviceFeature.headBytes + (get && !probe ? (feature.getBytes ?? 0) : data.byteLength)
  return argsz < least ? wrong("argsz", argsz, `at least ${least}`) : Either.right({ request, feature })
}

const wrong = (where: string, source: number, destination: string): Either.Either<never, EINVAL> =>
  Either.left(
    refuse("feature", "a feature request names what exists", where, source, destination, "probe the feature first")
  )

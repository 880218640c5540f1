/** The device features of a remote device: migration and DMA logging. Source: sections 13 to 15 of the vfio-user specification. */
import type { EINVAL } from "@stopcopy/errno"
import { DeviceFeature as Vfio, type DmaLogging } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { Command } from "../Command.ts"
import * as DeviceFeature from "../messages/DeviceFeature.ts"
import * as DmaLoggingReport from "../messages/DmaLoggingReport.ts"
import * as DmaLoggingStart from "../messages/DmaLoggingStart.ts"
import * as MigData from "../messages/MigData.ts"
import * as MigDataSize from "../messages/MigDataSize.ts"
import * as MigrationFeature from "../messages/MigrationFeature.ts"
import * as MigState from "../messages/MigState.ts"
import * as PrecopyInfo from "../messages/PrecopyInfo.ts"
import { refuse } from "../internal/words.ts"
import { call } from "./call.ts"
import type { Core } from "./Core.ts"
import type { CallError } from "./errors.ts"
import type { Negotiated } from "./negotiate.ts"

const { GET, INDEX_MASK, PROBE, SET } = Vfio
const noData = new Uint8Array(0)

/** Migration and DMA logging of the device. Sizes in bytes. */
export interface Features {
  /** The features of `MigrationFlags`; an errno where the device cannot migrate. */
  readonly migrationFlags: Effect.Effect<number, CallError>
  /** The number of the state; any value may come. */
  readonly migrationState: Effect.Effect<number, CallError>
  /** Walks to the state with this number; answered when the whole path is done. */
  readonly setMigrationState: (state: number) => Effect.Effect<void, CallError>
  /** How much STOP_COPY will yield, an estimate. An extension. */
  readonly migrationDataSize: Effect.Effect<bigint, CallError>
  /** What the saving session has for now. An extension. */
  readonly precopyInfo: Effect.Effect<PrecopyInfo.PrecopyInfo, CallError>
  /** The next bytes of the saving session, at most `length` and at most what a message takes; fewer end the data, for now or for good. */
  readonly readMigrationData: (length: number) => Effect.Effect<Uint8Array, CallError>
  /** Appends to the resuming session, in as many messages as it takes. After a failure the bytes before may have been taken. */
  readonly writeMigrationData: (bytes: Uint8Array) => Effect.Effect<void, CallError>
  /** Whether the device has this feature: `operation` is GET or SET of `DeviceFeature`. */
  readonly probeFeature: (feature: number, operation: number) => Effect.Effect<boolean, CallError>
  /** Gives the page size that the device chose. */
  readonly startDmaLogging: (
    pageSize: bigint,
    ranges: ReadonlyArray<DmaLogging.Range>
  ) => Effect.Effect<bigint, CallError>
  readonly stopDmaLogging: Effect.Effect<void, CallError>
  /** The bitmap of written pages since the last report: bit i mod 8 of byte i / 8 stands for page i from `iova`. */
  readonly reportDmaLogging: (iova: bigint, length: bigint, pageSize: bigint) => Effect.Effect<Uint8Array, CallError>
}

/** One operation of one feature. `replyBytes`: the data of the reply. */
const feature = <A>(
  core: Core,
  flags: number,
  data: Uint8Array,
  replyBytes: number,
  decode: (data: Uint8Array) => Either.Either<A, EINVAL>
): Effect.Effect<A, CallError> => {
  const argsz = DeviceFeature.headBytes + Math.max(replyBytes, data.byteLength)
  return call(
    core,
    {
      command: Command.DEVICE_FEATURE,
      payload: DeviceFeature.encode({ argsz, flags, data }),
      leastBytes: DeviceFeature.headBytes + replyBytes
    },
    (payload) => Either.flatMap(DeviceFeature.decode(payload), (reply) => decode(reply.data))
  )
}

const ignore = (): Either.Either<void, EINVAL> => Either.void

const readData = (core: Core, size: number): Effect.Effect<Uint8Array, CallError> =>
  call(
    core,
    {
      command: Command.MIG_DATA_READ,
      payload: MigData.encode({ argsz: MigData.headBytes + size, size, data: noData }),
      leastBytes: MigData.headBytes
    },
    (payload) =>
      Either.flatMap(MigData.decode(payload), (reply) =>
        reply.size <= Math.min(size, reply.data.byteLength)
          ? Either.right(reply.data.slice(0, reply.size))
          : Either.left(tooMuch(reply.size, size))
      )
  )

const tooMuch = (size: number, asked: number): EINVAL =>
  refuse(
    "migData.size",
    "a reply has no more than was asked for and than it carries",
    "size",
    size,
    `${asked}`,
    "send less"
  )

const writeData = (core: Core, data: Uint8Array): Effect.Effect<void, CallError> =>
  call(
    core,
    {
      command: Command.MIG_DATA_WRITE,
      payload: MigData.encode({ argsz: MigData.headBytes + data.byteLength, size: data.byteLength, data }),
      leastBytes: 0
    },
    ignore
  )

/** One piece after the other: a piece behind one that was refused must not be taken. */
const writeAll = (core: Core, bytes: Uint8Array, pieceBytes: number): Effect.Effect<void, CallError> =>
  Effect.gen(function* () {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      yield* writeData(core, bytes.subarray(at, at + pieceBytes))
    }
  })

const probe = (core: Core, index: number, operation: number): Effect.Effect<boolean, CallError> =>
  feature(core, (index & INDEX_MASK) | operation | PROBE, noData, 0, ignore).pipe(
    Effect.as(true),
    Effect.catchTags({ EINVAL: () => Effect.succeed(false), ENOTTY: () => Effect.succeed(false) })
  )

const report = (core: Core, iova: bigint, length: bigint, pageSize: bigint): Effect.Effect<Uint8Array, CallError> => {
  const bitmapBytes = Number(DmaLoggingReport.bitmapBytes(length, pageSize))
  return feature(
    core,
    Vfio.DMA_LOGGING_REPORT.index | GET,
    DmaLoggingReport.encode({ iova, length, pageSize, bitmap: noData }),
    DmaLoggingReport.headBytes + bitmapBytes,
    (data) => Either.map(DmaLoggingReport.decode(data), ({ bitmap }) => bitmap.slice(0, bitmapBytes))
  )
}

/** The features over a core. */
export const makeFeatures = (core: Core, { maxDataBytes }: Negotiated): Features => {
  const get = <A>(index: number, bytes: number, decode: (data: Uint8Array) => Either.Either<A, EINVAL>) =>
    feature(core, index | GET, noData, bytes, decode)
  return {
    migrationFlags: get(Vfio.MIGRATION.index, MigrationFeature.byteLength, MigrationFeature.decode),
    migrationState: get(Vfio.MIG_DEVICE_STATE.index, MigState.byteLength, MigState.decode),
    setMigrationState: (state) => feature(core, Vfio.MIG_DEVICE_STATE.index | SET, MigState.encode(state), 0, ignore),
    migrationDataSize: get(Vfio.MIG_DATA_SIZE.index, MigDataSize.byteLength, MigDataSize.decode),
    precopyInfo: get(DeviceFeature.PRECOPY_INFO, PrecopyInfo.byteLength, PrecopyInfo.decode),
    readMigrationData: (length) => readData(core, Math.min(length, maxDataBytes)),
    writeMigrationData: (bytes) => writeAll(core, bytes, maxDataBytes),
    probeFeature: (index, operation) => probe(core, index, operation),
    startDmaLogging: (pageSize, ranges) =>
      feature(
        core,
        Vfio.DMA_LOGGING_START.index | SET,
        DmaLoggingStart.encode({ pageSize, ranges }),
        DmaLoggingStart.headBytes,
        (data) => Either.map(DmaLoggingStart.decode(data), (started) => started.pageSize)
      ),
    stopDmaLogging: feature(core, Vfio.DMA_LOGGING_STOP.index | SET, noData, 0, ignore),
    reportDmaLogging: (iova, length, pageSize) => report(core, iova, length, pageSize)
  }
}

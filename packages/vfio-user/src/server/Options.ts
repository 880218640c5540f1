/** What a server can be told, and what its process does with descriptors: the session itself knows nothing of Node. */
import type { Errno } from "@stopcopy/errno"
import type { IoAddressSpace } from "@stopcopy/vfio"
import type { Either } from "effect"
import type { CloseDescriptor } from "../Connection.ts"
import * as Capabilities from "../messages/Capabilities.ts"
import { type Interceptor, noInterceptor } from "./Interceptor.ts"

/**
 * Makes the memory behind a descriptor accessible: `size` bytes from `offset` on. On success the backing owns the descriptor and closes it when it is
 * closed; on failure the server closes it.
 */
export type MapDescriptor = (
  descriptor: number,
  offset: bigint,
  size: bigint,
  protection: IoAddressSpace.Protection
) => Either.Either<IoAddressSpace.Backing, Errno>

/** What the process offers for descriptors that come in. */
export interface Host {
  readonly close: CloseDescriptor
  /** Adds 1 to an eventfd. Never waits and never fails. */
  readonly signal: (descriptor: number) => void
  /** None: mapped memory is reached with DMA_READ and DMA_WRITE, also where a descriptor came. */
  readonly mapDescriptor: MapDescriptor | undefined
}

/** For connections that pass no descriptors: there are none to close or to signal. */
const noDescriptors: Host = { close: () => undefined, signal: () => undefined, mapDescriptor: undefined }

export interface Options {
  readonly host: Host
  /** The most data of one message, in bytes. */
  readonly maxDataXferSize: number
  /** Descriptors that one message may have; announced as 0 where none can come. */
  readonly maxMsgFds: number
  readonly maxDmaMaps: number
  /** The most of one DMA map, in bytes; larger is ENOSPC. */
  readonly maxDmaSize: bigint
  /** A mask of page sizes in bytes for DMA maps. */
  readonly pageSizes: number
  /** MIG_DATA_READ replies have the size that was asked for, zeros behind the data: what libvfio-user's clients demand. Default: only the data. */
  readonly padMigrationData: boolean
  /** DEVICE_RESET as libvfio-user has it: EINVAL in STOP and STOP_COPY, elsewhere the migration state stays. Default: RUNNING, as kernel VFIO. */
  readonly resetKeepsMigrationState: boolean
  /** Our own additions to the protocol are offered to clients that know them. False: a server as anybody else's. Default: true. */
  readonly extensions: boolean
  /** Clients that may wait for the one before them; a further one is turned away. */
  readonly maxWaitingClients: number
  /** The file of a migration session stays open when the server ends: the next server of the device is given it. Default: it is closed. */
  readonly keepsMigrationFile: boolean
  /** Misbehaves on purpose. Default: nobody does. */
  readonly interceptor: Interceptor
}

export const defaults: Options = {
  host: noDescriptors,
  maxDataXferSize: Capabilities.defaultMaxDataXferSize,
  maxMsgFds: 8,
  maxDmaMaps: Capabilities.defaultMaxDmaMaps,
  maxDmaSize: 1n << 43n,
  pageSizes: Capabilities.defaultPageSizes,
  padMigrationData: false,
  resetKeepsMigrationState: false,
  extensions: true,
  maxWaitingClients: 8,
  keepsMigrationFile: false,
  interceptor: noInterceptor
}

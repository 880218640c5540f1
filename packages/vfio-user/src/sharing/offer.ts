/**
 * VERSION between a guest's VMM and who shares a server's connection with it: what the server offered on that connection, and no more than goes over it. Source:
 * section 4 of the vfio-user specification.
 */
import type { EINVAL } from "@stopcopy/errno"
import { DeviceFeature as Vfio, MigrationFlags } from "@stopcopy/vfio"
import { Either } from "effect"
import { announcedDataBytes } from "../client/Core.ts"
import type { Negotiated } from "../client/negotiate.ts"
import { Command } from "../Command.ts"
import { headerBytes } from "../Header.ts"
import { refuse } from "../internal/words.ts"
import * as Capabilities from "../messages/Capabilities.ts"
import * as Version from "../messages/Version.ts"
import type { Limits } from "./Request.ts"

export interface Offer extends Limits {
  /** The payload of the answer. */
  readonly payload: Uint8Array
  /** The most data that the server may send to the guest in one message, in bytes. */
  readonly guestDataBytes: number
  /** The guest knows of P2P states. */
  readonly p2p: boolean
}

const wrong = (where: string, source: number, destination: string): Either.Either<never, EINVAL> =>
  Either.left(refuse("version", "both sides speak one version", where, source, destination, "propose what is offered"))

const both = (one: boolean | undefined, other: boolean | undefined): boolean => one === true && other === true

/** What both sides have of it; nothing to one who does not know of extensions. */
const extensionsOf = (
  proposed: Capabilities.Extensions | undefined,
  { extensions }: Negotiated
): Capabilities.Extensions | undefined =>
  proposed && {
    p2p: both(proposed.p2p, extensions.p2p),
    dataSize: both(proposed.dataSize, extensions.dataSize),
    precopyInfo: both(proposed.precopyInfo, extensions.precopyInfo)
  }

/** A twin socket is never offered: the server sends its commands to the connection that is shared. */
const offered = (
  proposed: Capabilities.Capabilities,
  negotiated: Negotiated,
  maxDescriptors: number
): Capabilities.Capabilities => {
  const { capabilities } = negotiated
  return {
    maxMsgFds: maxDescriptors,
    maxDataXferSize: negotiated.maxDataBytes,
    maxDmaMaps: Math.min(capabilities.maxDmaMaps ?? Infinity, Capabilities.defaultMaxDmaMaps),
    pageSizes: capabilities.pageSizes ?? Capabilities.defaultPageSizes,
    migration: capabilities.migration,
    writeMultiple: both(proposed.writeMultiple, negotiated.writeMultiple) ? true : undefined,
    extensions: extensionsOf(proposed.extensions, negotiated)
  }
}

/** What a guest that proposes `payload` is answered. `EINVAL` as a server answers it. */
export const offer = (
  payload: Uint8Array,
  negotiated: Negotiated,
  passesDescriptors: boolean
): Either.Either<Offer, EINVAL> =>
  Either.flatMap(Version.decode(payload), ({ capabilities: proposed, major, minor }) => {
    if (major !== 0) return wrong("major", major, "0")
    const { migration } = negotiated.capabilities
    const [asked = 0, pageSize = asked] = [proposed.migration?.pageSize, migration?.pageSize]
    if (asked !== 0 && asked !== pageSize) return wrong("migration.pgsize", asked, String(pageSize))
    const maxDescriptors = passesDescriptors ? negotiated.maxDescriptors : 0
    const capabilities = offered(proposed, negotiated, maxDescriptors)
    return Either.right({
      payload: Version.encode({ major: 0, minor: Math.min(minor, negotiated.minor), capabilities }),
      maxDataBytes: negotiated.maxDataBytes,
      maxDmaMaps: capabilities.maxDmaMaps ?? Capabilities.defaultMaxDmaMaps,
      maxDescriptors,
      writeMultiple: capabilities.writeMultiple === true,
      guestDataBytes: Math.min(proposed.maxDataXferSize ?? Capabilities.defaultMaxDataXferSize, announcedDataBytes),
      p2p: capabilities.extensions?.p2p === true
    })
  })

/** A guest that does not know of P2P states finds a device without them: changes a reply of the server. */
export const hideP2p = (message: Uint8Array): void => {
  const [flagsAt, least] = [headerBytes + 8, headerBytes + 16]
  if (message.length < least) return
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  if (view.getUint16(2, true) !== Command.DEVICE_FEATURE) return
  const asked = view.getUint32(headerBytes + 4, true) & (Vfio.INDEX_MASK | Vfio.GET)
  if (asked !== (Vfio.MIGRATION.index | Vfio.GET)) return
  view.setUint32(flagsAt, view.getUint32(flagsAt, true) & ~MigrationFlags.P2P, true)
}

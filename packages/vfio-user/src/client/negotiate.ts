/** VERSION from the client's side: what it proposes, and what it takes for an answer. Source: section 4 of the vfio-user specification. */
import { Effect } from "effect"
import * as Capabilities from "../messages/Capabilities.ts"
import * as Version from "../messages/Version.ts"
import { announcedDataBytes } from "./Core.ts"
import { VersionRefused } from "./errors.ts"

/** The minor version that is proposed: the commands of migration came without a new one. */
const minor = 1

/** The most data of a message that this client sends, in bytes: libvfio-user cannot take much more than a socket buffer. */
export const maxSentDataBytes = 128 * 1024

/** Descriptors of one message, at most. */
const maxSentDescriptors = 16

const pageBytes = 4096

/** What server and client agreed on. */
export interface Negotiated {
  readonly minor: number
  /** The most data of one message, in bytes: what the server takes, at most 128 KiB. */
  readonly maxDataBytes: number
  /** Descriptors of one message, at most 16; 0: none. */
  readonly maxDescriptors: number
  /** REGION_WRITE_MULTI is understood. */
  readonly writeMultiple: boolean
  /** Our own extensions that the server has too. */
  readonly extensions: { readonly p2p: boolean; readonly dataSize: boolean; readonly precopyInfo: boolean }
  /** As the server sent them. */
  readonly capabilities: Capabilities.Capabilities
}

/** The proposal, as a payload. */
export const proposal = (passesDescriptors: boolean): Uint8Array =>
  Version.encode({
    major: 0,
    minor,
    capabilities: {
      maxMsgFds: passesDescriptors ? maxSentDescriptors : 0,
      maxDataXferSize: announcedDataBytes,
      pageSizes: pageBytes,
      maxDmaMaps: Capabilities.defaultMaxDmaMaps,
      migration: { pageSize: pageBytes },
      writeMultiple: true,
      extensions: { p2p: true, dataSize: true, precopyInfo: true }
    }
  })

const refuse = (rule: string, found: string | number): Effect.Effect<never, VersionRefused> =>
  Effect.fail(new VersionRefused({ rule, found: String(found) }))

/** What the answer amounts to. `VersionRefused` for another major, a newer minor than proposed, and a server that takes no data. */
export const agree = (
  answer: Version.Version,
  passesDescriptors: boolean
): Effect.Effect<Negotiated, VersionRefused> => {
  const { capabilities } = answer
  if (answer.major !== 0) return refuse("the major version is 0", answer.major)
  if (answer.minor > minor) return refuse(`the minor version is at most the proposed ${minor}`, answer.minor)
  const maxData = capabilities.maxDataXferSize ?? Capabilities.defaultMaxDataXferSize
  if (maxData < 1) return refuse("max_data_xfer_size is at least 1", maxData)
  const maxDescriptors = capabilities.maxMsgFds ?? Capabilities.defaultMaxMsgFds
  const { dataSize = false, p2p = false, precopyInfo = false } = capabilities.extensions ?? {}
  return Effect.succeed({
    minor: answer.minor,
    maxDataBytes: Math.min(maxData, maxSentDataBytes),
    maxDescriptors: passesDescriptors ? Math.min(maxDescriptors, maxSentDescriptors) : 0,
    writeMultiple: capabilities.writeMultiple ?? false,
    extensions: { p2p, dataSize, precopyInfo },
    capabilities
  })
}

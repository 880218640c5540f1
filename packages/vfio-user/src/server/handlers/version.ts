/** VERSION: what is accepted, and what is answered. Source: section 4 of the vfio-user specification. */
import type { EINVAL } from "@stopcopy/errno"
import { MigrationFlags, type VfioDevice } from "@stopcopy/vfio"
import { Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as Capabilities from "../../messages/Capabilities.ts"
import * as Version from "../../messages/Version.ts"
import type { Negotiated } from "../Client.ts"
import type { Options } from "../Options.ts"

const minor = 2
const migrationPageSize = 4096

/** Until a client has proposed something. */
export const nothing: Negotiated = {
  maxDataXferSize: 0,
  writeMultiple: false,
  p2p: false,
  dataSize: false,
  precopyInfo: false
}

interface Agreed {
  readonly negotiated: Negotiated
  /** The payload of the reply. */
  readonly payload: Uint8Array
}

/** What comes of a client's proposal. */
export const negotiate = <E>(
  device: VfioDevice<E>,
  options: Options,
  passesDescriptors: boolean,
  payload: Uint8Array
): Either.Either<Agreed, EINVAL> =>
  Either.flatMap(Version.decode(payload), (proposal) => {
    if (proposal.major !== 0) return wrong("major", proposal.major, "0")
    const pageSize = proposal.capabilities.migration?.pageSize ?? 0
    if (device.migration !== undefined && pageSize !== 0 && pageSize !== migrationPageSize) {
      return wrong("migration.pgsize", pageSize, `${migrationPageSize}`)
    }
    const proposed = options.extensions ? proposal.capabilities : { ...proposal.capabilities, extensions: undefined }
    const negotiated = agree(device, proposed)
    const capabilities = answer(device, options, passesDescriptors, negotiated, proposed)
    const reply = Version.encode({ major: 0, minor: Math.min(minor, proposal.minor), capabilities })
    return Either.right({ negotiated, payload: reply })
  })

const agree = <E>({ migration }: VfioDevice<E>, proposed: Capabilities.Capabilities): Negotiated => {
  const { extensions, maxDataXferSize, writeMultiple } = proposed
  return {
    maxDataXferSize: maxDataXferSize ?? Capabilities.defaultMaxDataXferSize,
    writeMultiple: writeMultiple === true,
    p2p: extensions?.p2p === true && migration !== undefined && (migration.flags & MigrationFlags.P2P) !== 0,
    dataSize: extensions?.dataSize === true && migration !== undefined,
    precopyInfo:
      extensions?.precopyInfo === true && migration !== undefined && (migration.flags & MigrationFlags.PRE_COPY) !== 0
  }
}

/** The server's limits in any case; what must be agreed on only when it was proposed. */
const answer = <E>(
  device: VfioDevice<E>,
  options: Options,
  passesDescriptors: boolean,
  { dataSize, p2p, precopyInfo, writeMultiple }: Negotiated,
  proposed: Capabilities.Capabilities
): Capabilities.Capabilities => ({
  maxMsgFds: passesDescriptors ? options.maxMsgFds : 0,
  maxDataXferSize: options.maxDataXferSize,
  maxDmaMaps: options.maxDmaMaps,
  pageSizes: options.pageSizes,
  migration: device.migration === undefined ? undefined : { pageSize: migrationPageSize },
  writeMultiple: writeMultiple ? true : undefined,
  extensions: proposed.extensions === undefined ? undefined : { p2p, dataSize, precopyInfo }
})

const wrong = (where: string, source: number, destination: string): Either.Either<never, EINVAL> =>
  Either.left(refuse("version", "both sides speak one version", where, source, destination, "propose what is served"))

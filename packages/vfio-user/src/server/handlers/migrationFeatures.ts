/** The features of migration: flags, state, data size, precopy info. Source: section 13 of the vfio-user specification; `EXTENSIONS.md`. */
import type { EINVAL } from "@stopcopy/errno"
import { Ioctl, type MigratableDevice, MigrationFlags, MigrationStates, Now, PrecopyInfo as Vfio } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as MigDataSize from "../../messages/MigDataSize.ts"
import * as MigState from "../../messages/MigState.ts"
import * as MigrationFeature from "../../messages/MigrationFeature.ts"
import * as PrecopyInfo from "../../messages/PrecopyInfo.ts"
import { type Answer, type Client, noPayload } from "../Client.ts"

/** The states that only a client which negotiated P2P may ask for. */
const p2pStates: ReadonlyArray<number> = [
  MigrationStates.toNumber("RUNNING_P2P"),
  MigrationStates.toNumber("PRE_COPY_P2P")
]

const withMigration = <E>(client: Client<E>, use: (migration: MigratableDevice<E>) => Answer<E>): Answer<E> => {
  const { migration } = client.served.device
  return migration === undefined ? wrong("migration", "none", "a device that migrates") : use(migration)
}

/** Without the extension a device does not show P2P. */
export const getFlags = <E>(client: Client<E>): Answer<E> =>
  withMigration(client, ({ flags }) =>
    Either.right(MigrationFeature.encode(client.negotiated.p2p ? flags : flags & ~MigrationFlags.P2P))
  )

export const getState = <E>(client: Client<E>): Answer<E> =>
  withMigration(client, (migration) =>
    Effect.map(migration.getState, (state) => MigState.encode(MigrationStates.toNumber(state)))
  )

export const setState = <E>(client: Client<E>, data: Uint8Array): Answer<E> =>
  withMigration(client, (migration) => {
    const requested = MigState.decode(data)
    if (Either.isLeft(requested)) return Either.left(requested.left)
    if (!client.negotiated.p2p && p2pStates.includes(requested.right)) {
      return wrong("state", MigrationStates.describeNumber(requested.right), "a state without P2P")
    }
    return Now.mapNow(client.served.setState(migration, requested.right), () => noPayload)
  })

export const getDataSize = <E>(client: Client<E>): Answer<E> =>
  withMigration(client, (migration) => Effect.map(migration.dataSize, MigDataSize.encode))

export const getPrecopyInfo = <E>(client: Client<E>): Answer<E> => {
  const { file } = client.served
  if (file?.kind !== "saving") return wrong("session", file?.kind ?? "none", "saving")
  const argument = Vfio.encode({ argsz: Vfio.byteLength, flags: 0, initialBytes: 0n, dirtyBytes: 0n })
  return Effect.flatMap(file.ioctl(Ioctl.MIG_GET_PRECOPY_INFO, argument), (bytes) =>
    Either.map(Vfio.decode(bytes), PrecopyInfo.encode)
  )
}

const wrong = (where: string, source: string, destination: string): Either.Either<never, EINVAL> =>
  Either.left(
    refuse("migration", "the device can do what is asked", where, source, destination, "read flags and state first")
  )

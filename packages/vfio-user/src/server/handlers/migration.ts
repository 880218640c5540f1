/** The migration stream and the reset: MIG_DATA_READ, MIG_DATA_WRITE, DEVICE_RESET. Source: sections 12 to 14 of the vfio-user specification. */
import { type EINVAL, type Errno, isErrno } from "@stopcopy/errno"
import { Now } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as MigData from "../../messages/MigData.ts"
import { type Answer, type Client, type Handler, noPayload } from "../Client.ts"

const wrong = (where: string, source: string | number, destination: string | number): Either.Either<never, EINVAL> =>
  Either.left(
    refuse("migData", "migration data move in a session", where, source, destination, "look at the migration state")
  )

export const reset: Handler = ({ served }) => Effect.as(served.reset(), noPayload)

export const dataRead: Handler = (client, payload) => {
  const request = Either.flatMap(MigData.decode(payload), (data) => check(client, data))
  if (Either.isLeft(request)) return Either.left(request.left)
  const { file, options } = client.served
  const { size } = request.right
  if (file?.kind !== "saving") return wrong("session", file?.kind ?? "none", "saving")
  return Now.mapNow(endAsEmpty(file.bound === undefined ? file.read(size) : file.bound.read(size)), (data) => {
    const argsz = MigData.headBytes + data.byteLength
    return MigData.encode({ argsz, size: data.byteLength, data: options.padMigrationData ? padded(data, size) : data })
  })
}

const padded = (data: Uint8Array, size: number): Uint8Array => {
  const room = new Uint8Array(size)
  room.set(data)
  return room
}

/** The end of the data for now, which a device may tell by `ENOMSG`, is an empty reply on this wire. */
const endAsEmpty = <E>(read: Effect.Effect<Uint8Array, Errno | E>): Effect.Effect<Uint8Array, Errno | E> => {
  const empty = (error: Errno | E): Either.Either<Uint8Array, Errno | E> =>
    isErrno(error) && error._tag === "ENOMSG" ? Either.right(noPayload) : Either.left(error)
  if (!Now.isNow(read)) return Effect.catchAll(read, empty)
  return Either.isRight(read) ? read : empty(read.left)
}

export const dataWrite: Handler = <E>(client: Client<E>, payload: Uint8Array): Answer<E> => {
  const request = Either.flatMap(MigData.decode(payload), (data) => check(client, data))
  if (Either.isLeft(request)) return Either.left(request.left)
  const { data, size } = request.right
  const { file } = client.served
  if (file?.kind !== "resuming") return wrong("session", file?.kind ?? "none", "resuming")
  if (data.byteLength < size) return wrong("payload", data.byteLength, size)
  const bytes = data.subarray(0, size)
  return Now.flatMapNow(file.bound === undefined ? file.write(bytes) : file.bound.write(bytes), (taken) =>
    taken === size ? Either.right(noPayload) : wrong("taken", taken, size)
  )
}

/** The limits of both sides hold in both directions. */
const check = <E>(
  { negotiated, served: { options } }: Client<E>,
  request: MigData.MigData
): Either.Either<MigData.MigData, EINVAL> => {
  const { argsz, size } = request
  const most = Math.min(negotiated.maxDataXferSize, options.maxDataXferSize)
  if (size > most) return wrong("size", size, `at most ${most}`)
  return argsz < MigData.headBytes + size
    ? wrong("argsz", argsz, `at least ${MigData.headBytes + size}`)
    : Either.right(request)
}

/**
 * POSIX errors as typed values: one class per errno, so that a signature names exactly what can happen.
 * Numbers and texts are Linux's (`include/uapi/asm-generic/errno-base.h`, `errno.h`, glibc `strerror`).
 */
import { Option, Schema } from "effect"
import { Refusal, describe } from "./Refusal.ts"

const fields = { refusal: Schema.optionalWith(Refusal, { exact: true }) }

const messageOf = (strerror: string, refusal: Refusal | undefined): string =>
  refusal === undefined ? strerror : `${strerror}: ${describe(refusal)}`

/** 1, "Operation not permitted". */
export class EPERM extends Schema.TaggedError<EPERM>()("EPERM", fields) {
  readonly errno = 1
  readonly strerror = "Operation not permitted"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 2, "No such file or directory". */
export class ENOENT extends Schema.TaggedError<ENOENT>()("ENOENT", fields) {
  readonly errno = 2
  readonly strerror = "No such file or directory"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 5, "Input/output error". A reset ended the operation, or storage failed. */
export class EIO extends Schema.TaggedError<EIO>()("EIO", fields) {
  readonly errno = 5
  readonly strerror = "Input/output error"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 7, "Argument list too long". */
export class E2BIG extends Schema.TaggedError<E2BIG>()("E2BIG", fields) {
  readonly errno = 7
  readonly strerror = "Argument list too long"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 9, "Bad file descriptor". Also the wrong direction: a read on a resuming file, a write on a saving file. */
export class EBADF extends Schema.TaggedError<EBADF>()("EBADF", fields) {
  readonly errno = 9
  readonly strerror = "Bad file descriptor"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 11, "Resource temporarily unavailable". More bytes are needed before an answer is possible. */
export class EAGAIN extends Schema.TaggedError<EAGAIN>()("EAGAIN", fields) {
  readonly errno = 11
  readonly strerror = "Resource temporarily unavailable"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 12, "Cannot allocate memory". */
export class ENOMEM extends Schema.TaggedError<ENOMEM>()("ENOMEM", fields) {
  readonly errno = 12
  readonly strerror = "Cannot allocate memory"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 13, "Permission denied". The mapping does not allow this direction. */
export class EACCES extends Schema.TaggedError<EACCES>()("EACCES", fields) {
  readonly errno = 13
  readonly strerror = "Permission denied"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 14, "Bad address". */
export class EFAULT extends Schema.TaggedError<EFAULT>()("EFAULT", fields) {
  readonly errno = 14
  readonly strerror = "Bad address"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 16, "Device or resource busy". The identical call may succeed later. */
export class EBUSY extends Schema.TaggedError<EBUSY>()("EBUSY", fields) {
  readonly errno = 16
  readonly strerror = "Device or resource busy"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 17, "File exists". Another mapping has part of the range. */
export class EEXIST extends Schema.TaggedError<EEXIST>()("EEXIST", fields) {
  readonly errno = 17
  readonly strerror = "File exists"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 19, "No such device". Also: the data transfer session of this file has ended. */
export class ENODEV extends Schema.TaggedError<ENODEV>()("ENODEV", fields) {
  readonly errno = 19
  readonly strerror = "No such device"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 22, "Invalid argument". */
export class EINVAL extends Schema.TaggedError<EINVAL>()("EINVAL", fields) {
  readonly errno = 22
  readonly strerror = "Invalid argument"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 23, "Too many open files in system". */
export class ENFILE extends Schema.TaggedError<ENFILE>()("ENFILE", fields) {
  readonly errno = 23
  readonly strerror = "Too many open files in system"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 24, "Too many open files". */
export class EMFILE extends Schema.TaggedError<EMFILE>()("EMFILE", fields) {
  readonly errno = 24
  readonly strerror = "Too many open files"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 25, "Inappropriate ioctl for device". */
export class ENOTTY extends Schema.TaggedError<ENOTTY>()("ENOTTY", fields) {
  readonly errno = 25
  readonly strerror = "Inappropriate ioctl for device"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 28, "No space left on device". */
export class ENOSPC extends Schema.TaggedError<ENOSPC>()("ENOSPC", fields) {
  readonly errno = 28
  readonly strerror = "No space left on device"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 29, "Illegal seek". */
export class ESPIPE extends Schema.TaggedError<ESPIPE>()("ESPIPE", fields) {
  readonly errno = 29
  readonly strerror = "Illegal seek"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 34, "Numerical result out of range". More VFs than the device has. */
export class ERANGE extends Schema.TaggedError<ERANGE>()("ERANGE", fields) {
  readonly errno = 34
  readonly strerror = "Numerical result out of range"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 42, "No message of desired type". End of the data that PRE_COPY has for now. */
export class ENOMSG extends Schema.TaggedError<ENOMSG>()("ENOMSG", fields) {
  readonly errno = 42
  readonly strerror = "No message of desired type"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 71, "Protocol error". The peer answered what the protocol does not allow. */
export class EPROTO extends Schema.TaggedError<EPROTO>()("EPROTO", fields) {
  readonly errno = 71
  readonly strerror = "Protocol error"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 75, "Value too large for defined data type". */
export class EOVERFLOW extends Schema.TaggedError<EOVERFLOW>()("EOVERFLOW", fields) {
  readonly errno = 75
  readonly strerror = "Value too large for defined data type"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 95, "Operation not supported". */
export class ENOTSUP extends Schema.TaggedError<ENOTSUP>()("ENOTSUP", fields) {
  readonly errno = 95
  readonly strerror = "Operation not supported"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 107, "Transport endpoint is not connected". The peer is gone. */
export class ENOTCONN extends Schema.TaggedError<ENOTCONN>()("ENOTCONN", fields) {
  readonly errno = 107
  readonly strerror = "Transport endpoint is not connected"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 110, "Connection timed out". */
export class ETIMEDOUT extends Schema.TaggedError<ETIMEDOUT>()("ETIMEDOUT", fields) {
  readonly errno = 110
  readonly strerror = "Connection timed out"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

/** 125, "Operation canceled". Closing the device cancelled the operation. */
export class ECANCELED extends Schema.TaggedError<ECANCELED>()("ECANCELED", fields) {
  readonly errno = 125
  readonly strerror = "Operation canceled"
  override get message(): string {
    return messageOf(this.strerror, this.refusal)
  }
}

const classes = [
  EPERM,
  ENOENT,
  EIO,
  E2BIG,
  EBADF,
  EAGAIN,
  ENOMEM,
  EACCES,
  EFAULT,
  EBUSY,
  EEXIST,
  ENODEV,
  EINVAL,
  ENFILE,
  EMFILE,
  ENOTTY,
  ENOSPC,
  ESPIPE,
  ERANGE,
  ENOMSG,
  EPROTO,
  EOVERFLOW,
  ENOTSUP,
  ENOTCONN,
  ETIMEDOUT,
  ECANCELED
] as const

/** Any errno of the project, as a schema: what a journal or a wire with room for reasons carries. */
export const Errno = Schema.Union(...classes)
export type Errno = typeof Errno.Type
/** Tells a POSIX error from another failure of the same signature. */
export const isErrno = Schema.is(Errno)
/** The symbolic name: `"EINVAL"`. */
export type Name = Errno["_tag"]

const byNumber: ReadonlyMap<number, (refusal: Refusal | undefined) => Errno> = new Map(
  classes.map((Class) => [
    new Class({}).errno,
    (refusal: Refusal | undefined) => (refusal === undefined ? new Class({}) : new Class({ refusal }))
  ])
)

/** Every Linux number the project uses, ascending. */
export const numbers: ReadonlyArray<number> = [...byNumber.keys()]

/** The error of a positive Linux errno, with its reason if there is one; none for a number the project does not use. */
export const fromNumber = (errno: number, refusal?: Refusal): Option.Option<Errno> =>
  Option.map(Option.fromNullable(byNumber.get(errno)), (make) => make(refusal))

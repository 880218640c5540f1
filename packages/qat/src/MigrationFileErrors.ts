/** The refusals that every operation of a migration file shares. Source: sections 5.1 to 5.4 of the driver specification. */
import { EBADF, EFAULT, EINVAL, ENODEV, ESPIPE } from "@stopcopy/errno"
import { because as becauseAt } from "./Refusals.ts"

/** The fields of an error with a reason about a migration file. */
export const because = (code: string, rule: string, source: string, destination: string, remedy: string) =>
  becauseAt(code, rule, "migration file", source, destination, remedy)

/** pread or pwrite. */
export const notAStream = () =>
  new ESPIPE(
    because(
      "file.positioned",
      "a migration file is a stream",
      "a positioned transfer",
      "read or write",
      "use read or write without an offset"
    )
  )
/** The session ended by an arc, a reset or a close. */
export const sessionOver = () =>
  new ENODEV(
    because(
      "file.session",
      "the session of the file must not be over",
      "disabled file",
      "open session",
      "take the file of the current session"
    )
  )
/** The open mode forbids it. */
export const wrongDirection = (kind: "saving" | "resuming", operation: string) =>
  new EBADF(
    because(
      "file.direction",
      "a saving file is read, a resuming file is written",
      operation,
      `${kind} file`,
      "use the file of the other kind of session"
    )
  )
/** The user memory cannot be reached. */
export const bufferFault = () =>
  new EFAULT(
    because(
      "file.fault",
      "the user's buffer must be accessible",
      "inaccessible",
      "accessible",
      "pass a mapped buffer and try again; the position has not moved"
    )
  )
/** Used after close. */
export const noDescriptor = () =>
  new EBADF(
    because("file.closed", "the descriptor must be open", "closed", "open", "do not use a descriptor after closing it")
  )
/** A length that no size_t can be. The kernel cannot be asked this; a caller in JavaScript can ask it. */
export const badLength = (length: number | bigint) =>
  new EINVAL(
    because(
      "file.length",
      "a length is a whole number of bytes",
      `${length}`,
      "0 or more",
      "name how many bytes to move"
    )
  )

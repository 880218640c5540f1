/** The errnos that clauses name, by number, and any errno as people read it. Source: `include/uapi/asm-generic/errno-base.h`. */
import { fromNumber } from "@stopcopy/errno"
import { Option } from "effect"

export const ENOENT = 2
export const EEXIST = 17
export const EINVAL = 22
export const ENOTTY = 25
export const ENOSPC = 28
export const ENOTSUP = 95

/** `EINVAL`, or `errno 999` for one that has no name here. */
export const describe = (errno: number): string =>
  Option.match(fromNumber(errno), { onNone: () => `errno ${errno}`, onSome: ({ _tag }) => _tag })

/** How the driver fails, beside the accesses that it makes. */
import type { EFAULT, EINVAL, ENODEV, ENOMEM } from "@stopcopy/errno"
import { Schema } from "effect"
import type { AccessError } from "../Attachment.ts"

/** The PF did not answer as the protocol says. `doing` names the message. */
export class MailboxFailed extends Schema.TaggedError<MailboxFailed>()("MailboxFailed", {
  doing: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `mailbox: ${this.doing}: ${this.found}`
  }
}

/** The ring holds as many requests as it may; take responses first. */
export class RingFull extends Schema.TaggedError<RingFull>()("RingFull", {
  bank: Schema.Int,
  room: Schema.Int,
  wanted: Schema.Int
}) {
  override get message(): string {
    return `bank ${this.bank} has room for ${this.room} requests, not for ${this.wanted}; take responses first`
  }
}

/** How setting up and using the device can fail. */
export type DriverError = AccessError | EFAULT | EINVAL | ENODEV | ENOMEM | MailboxFailed

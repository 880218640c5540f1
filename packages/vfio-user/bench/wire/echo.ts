/** The floor: a server that reads nothing of a REGION_READ but its id, and answers with as many bytes as a real one. */
import { type Accept, Header, Message, Messages } from "@stopcopy/vfio-user"

const requestBytes = Header.headerBytes + Messages.RegionAccess.headBytes
/** Of every read, in bytes. */
export const readBytes = 4
const replyBytes = requestBytes + readBytes

/** A good reply to REGION_READ, but for its id. */
const template = Message.encodeReply(
  0,
  9,
  Messages.RegionAccess.encode({ offset: 0, region: 0, count: readBytes, data: new Uint8Array(readBytes) })
)

/** The replies to all requests in `bytes`. */
const echoOf = (bytes: Uint8Array): Uint8Array => {
  const count = bytes.length / requestBytes
  const replies = new Uint8Array(count * replyBytes)
  for (let index = 0; index < count; index++) {
    const at = index * replyBytes
    replies.set(template, at)
    replies[at] = bytes[index * requestBytes] ?? 0
    replies[at + 1] = bytes[index * requestBytes + 1] ?? 0
  }
  return replies
}

const agreed = Messages.Version.encode({ major: 0, minor: 1, capabilities: { maxMsgFds: 8 } })

/** Answers VERSION, and then echoes. The client sends whole requests that fit one read. */
export const echo: Accept = (connection) => {
  let negotiated = false
  return {
    received: (bytes) => {
      connection.send(negotiated ? echoOf(bytes) : Message.encodeReply(bytes[0] ?? 0, 1, agreed))
      negotiated = true
    },
    drained: () => undefined,
    closed: () => undefined
  }
}

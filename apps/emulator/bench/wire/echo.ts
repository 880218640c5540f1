/** The floor: a server that reads nothing of a REGION_READ or REGION_WRITE but id and size, and answers with as many bytes as a real one. */
import { type Accept, Command, Header, Message, Messages } from "@stopcopy/vfio-user"

const accessBytes = Header.headerBytes + Messages.RegionAccess.headBytes
/** Of every access, in bytes. */
export const dataBytes = 4

const access = { offset: 0, region: 0, count: dataBytes }
/** Good replies, but for their ids. */
const toRead = Message.encodeReply(
  0,
  Command.REGION_READ,
  Messages.RegionAccess.encode({ ...access, data: new Uint8Array(dataBytes) })
)
const toWrite = toRead.slice(0, accessBytes)
toWrite[2] = Command.REGION_WRITE
toWrite[4] = accessBytes

/** The replies to all requests in `bytes`. */
const echoOf = (bytes: Uint8Array): Uint8Array => {
  const replies = new Uint8Array((bytes.length / accessBytes) * toRead.length)
  let end = 0
  for (let at = 0; at < bytes.length;) {
    const reply = bytes[at + 2] === Command.REGION_READ ? toRead : toWrite
    replies.set(reply, end)
    replies[end] = bytes[at] ?? 0
    replies[end + 1] = bytes[at + 1] ?? 0
    end += reply.length
    at += bytes[at + 4] ?? bytes.length
  }
  return replies.slice(0, end)
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

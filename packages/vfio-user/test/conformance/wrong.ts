/** Servers with one defect: between the client and the server of this package stands what changes a request or a reply. */
import { type Accept, type Connection, Header, type Receiver } from "@stopcopy/vfio-user"

/** A whole message; changes made to it go on. */
export interface Passing {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly command: number
  readonly id: number
  readonly size: number
}

export interface Defect {
  /** What reaches the server instead of a request. `answer` sends to the client in its place. */
  readonly request?: (message: Passing, answer: (bytes: Uint8Array) => void) => ReadonlyArray<Uint8Array>
  /** What reaches the client instead of a reply. */
  readonly reply?: (message: Passing, end: () => void) => ReadonlyArray<Uint8Array>
}

const passing = (bytes: Uint8Array): Passing => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { command, id, size } = Header.decodeHeader(view, 0)
  return { bytes, view, command, id, size }
}

/** Whole messages, each in bytes of its own; what is none stands at the end. */
const cut = (bytes: Uint8Array): { readonly whole: ReadonlyArray<Uint8Array>; readonly rest: Uint8Array } => {
  const whole: Array<Uint8Array> = []
  let at = 0
  while (bytes.byteLength - at >= Header.headerBytes) {
    const size = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(4, true)
    if (size < Header.headerBytes || at + size > bytes.byteLength) break
    whole.push(bytes.slice(at, at + size))
    at += size
  }
  return { whole, rest: bytes.slice(at) }
}

/** The server behind `accept`, with a defect for each of its connections. */
export const wrong =
  (accept: Accept, make: () => Defect): Accept =>
  (connection) => {
    const { reply = ({ bytes }: Passing) => [bytes], request = ({ bytes }: Passing) => [bytes] } = make()
    const through: Connection = {
      passesDescriptors: connection.passesDescriptors,
      send: (bytes, descriptors) => {
        let goesOn = true
        for (const each of cut(bytes).whole) {
          for (const changed of reply(passing(each), () => connection.close())) {
            goesOn = connection.send(changed, descriptors)
          }
        }
        return goesOn
      },
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      close: () => connection.close()
    }
    const receiver: Receiver = accept(through)
    return {
      received: (bytes, descriptors) => {
        const { rest, whole } = cut(bytes)
        const answer = (message: Uint8Array): void => void connection.send(message)
        const messages = whole.flatMap((each) => request(passing(each), answer))
        const all = rest.byteLength > 0 ? [...messages, rest] : messages
        all.forEach((each, index) => receiver.received(each, index === all.length - 1 ? descriptors : []))
        if (all.length === 0 && descriptors.length > 0) receiver.received(new Uint8Array(0), descriptors)
      },
      drained: () => receiver.drained(),
      closed: (failure) => receiver.closed(failure)
    }
  }

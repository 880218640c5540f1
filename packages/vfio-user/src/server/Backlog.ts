/** Messages that wait for their turn, in the order they came. Source: section 1 of the vfio-user specification: commands are handled in order of arrival. */

/** One message of its own bytes, or bytes of the stream. */
interface Waiting {
  readonly bytes: Uint8Array
  /** Of the same bytes. */
  readonly view: DataView
  readonly descriptors: ReadonlyArray<number>
}

/** What a descriptor counts beside the bytes: a process has far fewer of them. */
const bytesPerDescriptor = 4096
/** What a message counts beside its bytes. */
const overheadBytes = 64

/** The places of taken messages are given up when there are this many, and half of all. */
const compactAt = 64

const weightOf = ({ bytes, descriptors }: Waiting): number =>
  overheadBytes + bytes.byteLength + bytesPerDescriptor * descriptors.length

export class Backlog {
  private messages: Array<Waiting | undefined> = []
  private next = 0
  /** How much memory the messages hold, in bytes. */
  weight = 0

  get isEmpty(): boolean {
    return this.next === this.messages.length
  }

  /** The bytes from `at` to `end` are copied. */
  push(chunk: Uint8Array, at: number, end: number, descriptors: ReadonlyArray<number>): void {
    // Not `slice`: that of a `Buffer` copies nothing, and its view begins elsewhere.
    const bytes = new Uint8Array(chunk.subarray(at, end))
    const message = { bytes, view: new DataView(bytes.buffer), descriptors }
    this.messages.push(message)
    this.weight += weightOf(message)
  }

  /** Takes the oldest; undefined if there is none. */
  shift(): Waiting | undefined {
    const message = this.messages[this.next]
    if (message === undefined) return undefined
    this.weight -= weightOf(message)
    this.messages[this.next++] = undefined
    if (this.isEmpty || (this.next >= compactAt && 2 * this.next >= this.messages.length)) {
      this.messages = this.messages.slice(this.next)
      this.next = 0
    }
    return message
  }

  /** What was taken last is the oldest again. */
  putBack(message: Waiting): void {
    this.messages = [message, ...this.messages.slice(this.next)]
    this.next = 0
    this.weight += weightOf(message)
  }
}

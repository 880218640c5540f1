/**
 * The calls of the C library that Node does not have, through koffi, an optional dependency with a native binary; never bundled. Source: socket(2),
 * recvmsg(2), eventfd(2), memfd_create(2), fcntl(2). All calls return at once: sockets are non-blocking, and the event loop tells when one is ready
 * (`koffi.node.poll`, a poll handle of libuv). Measured, a round trip of 32 bytes takes 15 microseconds so, as with `node:net`, and 25 with a thread that
 * blocks in recvmsg and posts what it took: that is why there is no thread.
 */
import { Effect, Schema } from "effect"
import { endianness } from "node:os"
import { lookElsewhere } from "./SocketPath.ts"

const importLibrary = () => {
  lookElsewhere()
  return import("koffi")
}
type Library = Awaited<ReturnType<typeof importLibrary>>["default"]

/** Descriptors cannot be passed here: koffi is not installed, or has no binary for this machine. */
export class NoLibc extends Schema.TaggedError<NoLibc>()("NoLibc", { reason: Schema.String }) {
  override get message(): string {
    return `koffi does not load (${this.reason}); install it with the package's optional dependencies, on Linux with 64 bits`
  }
}

/** A descriptor that the event loop watches. Closed before its descriptor is. */
export interface Watch {
  readonly start: (readable: boolean, writable: boolean) => void
  readonly stop: () => void
  readonly close: () => void
}

/** Results below 0 are failures; `errno` has the reason until the next call. */
export interface Libc {
  readonly errno: () => number
  readonly nameOf: (errno: number) => string
  readonly EAGAIN: number
  readonly EINTR: number
  readonly addressOf: (memory: ArrayBuffer | Uint8Array) => bigint
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly bind: (socket: number, address: Uint8Array, bytes: number) => number
  readonly listen: (socket: number, backlog: number) => number
  readonly accept4: (socket: number, address: null, bytes: null, flags: number) => number
  readonly connect: (socket: number, address: Uint8Array, bytes: number) => number
  readonly send: (socket: number, bytes: Uint8Array, length: number, flags: number) => number
  readonly sendmsg: (socket: number, message: bigint, flags: number) => number
  readonly recvmsg: (socket: number, message: bigint, flags: number) => number
  readonly getFlags: (descriptor: number) => number
  readonly setFlags: (descriptor: number, flags: number) => number
  /** A second descriptor of the same file, closed on exec. */
  readonly duplicate: (descriptor: number) => number
  readonly eventfd: (count: number, flags: number) => number
  readonly memfd: (name: string, flags: number) => number
  /**
   * Calls `ready` when the event loop finds the descriptor ready for what `start` named. With an error pending on it, such as a peer that closed without
   * having read everything, `failed` is true, and nothing is watched until the next `start`. Makes the descriptor non-blocking.
   */
  readonly watch: (descriptor: number, ready: (failed: boolean) => void) => Watch
}

/** fcntl(2): commands of Linux. */
const F_GETFL = 3
const F_SETFL = 4
const F_DUPFD_CLOEXEC = 1030

/** The structures of `MessageHeader.ts` are laid out for 64 bits, little endian. */
const layoutFits = (): boolean =>
  process.platform === "linux" && endianness() === "LE" && ["x64", "arm64", "riscv64", "loong64"].includes(process.arch)

/**
 * Runs a callback of a poll handle as the event loop runs Node's own: microtasks follow it, and what it throws is an uncaught error. The library calls it
 * without either.
 */
const asNodeWould =
  (run: (failed: boolean) => void) =>
  (status: unknown): void => {
    try {
      // A status of libuv's, below 0 for an error. The library's types leave it out.
      run(typeof status === "number" && status < 0)
    } catch (thrown) {
      setImmediate(() => {
        throw thrown
      })
    }
    setImmediate(nothing)
  }

const nothing = (): void => undefined

const makeWatch = (library: Library, descriptor: number, ready: (failed: boolean) => void): Watch => {
  const callback = asNodeWould(ready)
  const handle = library.node.poll(descriptor, { readable: true }, callback)
  handle.stop()
  return {
    start: (readable, writable) => handle.start({ readable, writable }, callback),
    stop: () => handle.stop(),
    close: () => handle.close()
  }
}

const makeLibc = (library: Library): Libc => {
  const names = new Map(Object.entries(library.os.errno).map(([name, number]) => [number, name]))
  // The program itself: Node is linked with the C library, whatever that is called here.
  const own = library.load(null)
  const fcntl: (descriptor: number, command: number, type: "int", value: number) => number =
    own.func("int fcntl(int, int, ...)")
  return {
    errno: () => library.errno(),
    nameOf: (errno) => names.get(errno) ?? `errno ${errno}`,
    EAGAIN: library.os.errno["EAGAIN"] ?? 11,
    EINTR: library.os.errno["EINTR"] ?? 4,
    addressOf: (memory) => library.address(memory),
    socket: own.func("int socket(int, int, int)"),
    bind: own.func("int bind(int, const void *, int)"),
    listen: own.func("int listen(int, int)"),
    accept4: own.func("int accept4(int, void *, void *, int)"),
    connect: own.func("int connect(int, const void *, int)"),
    send: own.func("intptr_t send(int, const void *, size_t, int)"),
    sendmsg: own.func("intptr_t sendmsg(int, uintptr_t, int)"),
    recvmsg: own.func("intptr_t recvmsg(int, uintptr_t, int)"),
    getFlags: (descriptor) => fcntl(descriptor, F_GETFL, "int", 0),
    setFlags: (descriptor, flags) => fcntl(descriptor, F_SETFL, "int", flags),
    duplicate: (descriptor) => fcntl(descriptor, F_DUPFD_CLOEXEC, "int", 0),
    eventfd: own.func("int eventfd(unsigned int, int)"),
    memfd: own.func("int memfd_create(const char *, unsigned int)"),
    watch: (descriptor, ready) => makeWatch(library, descriptor, ready)
  }
}

const firstLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split("\n", 1)[0] ?? ""

/** Loads what `importing` gives; for tests that simulate its absence. */
export const loadLibcFrom = (importing: () => Promise<{ readonly default: Library }>): Effect.Effect<Libc, NoLibc> =>
  Effect.tryPromise({
    try: async () => {
      if (!layoutFits()) throw new Error(`not for ${process.platform} on ${process.arch}`)
      return makeLibc((await importing()).default)
    },
    catch: (thrown) => new NoLibc({ reason: firstLine(thrown) })
  })

/** The C library of this process. Fails with `NoLibc`, whose message is one line with the remedy. */
export const loadLibc: Effect.Effect<Libc, NoLibc> = loadLibcFrom(importLibrary)

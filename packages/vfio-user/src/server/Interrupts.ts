/**
 * The interrupt vectors of one connection: which descriptor each signals, what is masked, what has fired. Source: section 10 of the vfio-user
 * specification; `drivers/vfio/pci/vfio_pci_intrs.c`.
 *
 * I1 A vector that fires while it has no descriptor or is masked is remembered, and signalled once when it can be.
 * I2 Each type has its own vectors. Descriptors are closed once: when replaced, de-assigned, or at the end of the connection.
 */
import { type EINVAL, ENOTSUP } from "@stopcopy/errno"
import type { InterruptType } from "@stopcopy/vfio"
import { Either } from "effect"
import { refuse } from "../internal/words.ts"
import * as Irqs from "../messages/SetIrqs.ts"
import type { Log } from "./Log.ts"
import type { Host } from "./Options.ts"

/** ERR and REQ have one vector and know no masks. */
const firstPlain = 3
const unassigned = -1

interface Vectors {
  readonly type: InterruptType
  readonly descriptors: Int32Array
  readonly masked: Uint8Array
  readonly fired: Uint8Array
}

type Checked = Either.Either<void, EINVAL | ENOTSUP>

export class Interrupts {
  private readonly host: Host
  private readonly passesDescriptors: boolean
  private readonly log: Log
  private readonly types: ReadonlyArray<Vectors>
  private hasWarned = false

  constructor(types: ReadonlyArray<InterruptType>, host: Host, passesDescriptors: boolean, log: Log) {
    this.host = host
    this.log = log
    this.passesDescriptors = passesDescriptors
    this.types = types.map((type) => ({
      type,
      descriptors: new Int32Array(type.count).fill(unassigned),
      masked: new Uint8Array(type.count),
      fired: new Uint8Array(type.count)
    }))
  }

  /** The device fires a vector. One that does not exist is nobody's. */
  fire(index: number, vector: number): void {
    const vectors = this.types[index]
    if (vectors === undefined || vector < 0 || vector >= vectors.type.count) return
    vectors.fired[vector] = 1
    this.deliver(vectors, vector)
  }

  /** DEVICE_SET_IRQS. Takes the descriptors: those it does not keep are closed. `EINVAL`; `ENOTSUP` where descriptors cannot come. */
  set(request: Irqs.SetIrqs, descriptors: ReadonlyArray<number>): Checked {
    const vectors = this.types[request.index]
    const checked =
      vectors === undefined
        ? wrong("index", request.index, `below ${this.types.length}`)
        : this.check(request, vectors, descriptors)
    if (vectors === undefined || Either.isLeft(checked) || (request.flags & Irqs.ACTION_TRIGGER) === 0) {
      for (const descriptor of descriptors) this.host.close(descriptor)
    }
    if (vectors !== undefined && Either.isRight(checked)) this.apply(request, vectors, descriptors)
    return checked
  }

  /** The connection has ended: every descriptor is closed, what has fired is forgotten. */
  detach(): void {
    for (const vectors of this.types) {
      this.release(vectors, 0, vectors.type.count)
      vectors.fired.fill(0)
      vectors.masked.fill(0)
    }
  }

  private check(request: Irqs.SetIrqs, { type }: Vectors, descriptors: ReadonlyArray<number>): Checked {
    const { argsz, bools, count, flags, index, start } = request
    const [data, action] = [flags & 7, flags & 0x38]
    if (argsz < Irqs.byteLength) return wrong("argsz", argsz, `at least ${Irqs.byteLength}`)
    if ((flags & Irqs.DATA_BOOL) !== 0 && bools.byteLength !== count) return wrong("bools", bools.byteLength, count)
    if (flags >>> 6 !== 0 || !isOneBit(data) || !isOneBit(action)) {
      return wrong("flags", `0x${flags.toString(16)}`, "one kind of data and one action")
    }
    if (start >= type.count) return wrong("start", start, `below ${type.count}`)
    if (start + count > type.count) return wrong("start + count", start + count, `at most ${type.count}`)
    if (index >= firstPlain && (action !== Irqs.ACTION_TRIGGER || count > 1)) {
      return wrong("flags", `0x${flags.toString(16)}`, "trigger of one vector")
    }
    if (count === 0 && (start !== 0 || action !== Irqs.ACTION_TRIGGER || data !== Irqs.DATA_NONE)) {
      return wrong("count", count, "0 only to de-assign a whole type")
    }
    return this.checkDescriptors(data, action, count, descriptors.length)
  }

  private checkDescriptors(data: number, action: number, count: number, given: number): Checked {
    if (given > 0 && data !== Irqs.DATA_EVENTFD) return wrong("descriptors", given, "none with this kind of data")
    if (given > 0 && given !== count) return wrong("descriptors", given, count)
    const setsUp = data === Irqs.DATA_EVENTFD && action === Irqs.ACTION_TRIGGER
    if (!setsUp || this.passesDescriptors) return Either.void
    const refusal = noDescriptors(count)
    if (!this.hasWarned) this.log.warn(refusal.message)
    this.hasWarned = true
    return Either.left(refusal)
  }

  private apply(request: Irqs.SetIrqs, vectors: Vectors, descriptors: ReadonlyArray<number>): void {
    const { count, flags, start } = request
    if ((flags & Irqs.ACTION_TRIGGER) === 0) return this.mask(request, vectors)
    if ((flags & Irqs.DATA_EVENTFD) !== 0) {
      this.release(vectors, start, start + count)
      descriptors.forEach((descriptor, index) => this.assign(vectors, start + index, descriptor))
    } else if (count === 0) this.release(vectors, 0, vectors.type.count)
    else this.forEach(request, (vector) => this.trigger(vectors, vector))
  }

  /** Masks or unmasks. With eventfds, which nobody here can wait for, nothing changes. */
  private mask(request: Irqs.SetIrqs, vectors: Vectors): void {
    if ((request.flags & Irqs.DATA_EVENTFD) !== 0) return
    const value = (request.flags & Irqs.ACTION_MASK) !== 0 ? 1 : 0
    this.forEach(request, (vector) => {
      vectors.masked[vector] = value
      if (value === 0) this.deliver(vectors, vector)
    })
  }

  /** The vectors that the request means: all of its range, or those whose byte is 1. */
  private forEach({ bools, count, flags, start }: Irqs.SetIrqs, run: (vector: number) => void): void {
    const all = (flags & Irqs.DATA_BOOL) === 0
    for (let index = 0; index < count; index++) if (all || bools[index] === 1) run(start + index)
  }

  private assign(vectors: Vectors, vector: number, descriptor: number): void {
    vectors.descriptors[vector] = descriptor
    this.deliver(vectors, vector)
  }

  /** The user fires a vector for a test; one without a descriptor is skipped. */
  private trigger(vectors: Vectors, vector: number): void {
    if (vectors.descriptors[vector] === unassigned) return
    vectors.fired[vector] = 1
    this.deliver(vectors, vector)
  }

  /** Signals a vector that has fired, if it can be. */
  private deliver({ descriptors, fired, masked, type }: Vectors, vector: number): void {
    const descriptor = descriptors[vector]
    if (descriptor === undefined || descriptor === unassigned || fired[vector] !== 1 || masked[vector] !== 0) return
    fired[vector] = 0
    if (type.automasked) masked[vector] = 1
    this.host.signal(descriptor)
  }

  private release({ descriptors }: Vectors, from: number, to: number): void {
    for (let vector = from; vector < to; vector++) {
      const descriptor = descriptors[vector]
      if (descriptor === undefined || descriptor === unassigned) continue
      descriptors[vector] = unassigned
      this.host.close(descriptor)
    }
  }
}

const isOneBit = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0

const wrong = (where: string, source: string | number, destination: string | number): Either.Either<never, EINVAL> =>
  Either.left(
    refuse("irqs", "interrupts are set as VFIO defines it", where, source, destination, "correct DEVICE_SET_IRQS")
  )

const noDescriptors = (count: number): ENOTSUP =>
  new ENOTSUP({
    refusal: {
      code: "vfio-user.irqs.descriptors",
      rule: "interrupts need descriptors",
      where: "DEVICE_SET_IRQS",
      source: `${count} eventfds`,
      destination: "a connection that passes no descriptors",
      remedy: "serve over a transport that passes descriptors, or poll"
    }
  })

/**
 * A driver of QAT GEN4 VFs over an attachment: probes the function, opens ring pairs, runs jobs. Sources: the order of calls in DPDK `qat_pci_probe` and
 * `qat_qp_setup`, K `adf_vf_isr.c`; section 1 of the firmware specification.
 */
import { ENODEV } from "@stopcopy/errno"
import { idTable, vendorIntel } from "@stopcopy/qat"
import { Effect } from "effect"
import type { Attachment } from "../Attachment.ts"
import * as ConfigSpace from "../ConfigSpace.ts"
import { because, hex } from "../internal/words.ts"
import type { Arena } from "../memory/Arena.ts"
import type { DriverError, RingFull } from "./errors.ts"
import { type Offer, resetBank, sayGoodbye, shakeHands } from "./Mailbox.ts"
import { RingPair, type RingOptions } from "./RingPair.ts"

/** How often a driver that polls looks for a response. */
const pollEvery = "1 millis"
/** The function has one vector. */
const vector = 0

const notQat = (name: string, vendor: number, device: number): ENODEV =>
  new ENODEV(
    because(
      "qat.id",
      "the function is a QAT GEN4 VF",
      name,
      `${hex(vendor)}:${hex(device)}`,
      [...idTable.keys()].map((id) => `${hex(vendorIntel)}:${hex(id)}`).join(", "),
      "attach a QAT VF"
    )
  )

export class QatDriver {
  readonly attachment: Attachment
  readonly arena: Arena
  /** What the PF offers. */
  readonly offer: Offer

  private constructor(attachment: Attachment, arena: Arena, offer: Offer) {
    this.attachment = attachment
    this.arena = arena
    this.offer = offer
  }

  /** Probes the function: its id, memory and bus master, MSI-X, then the PF. `arena` is guest memory for the driver alone. `ENODEV` for another function. */
  static probe(attachment: Attachment, arena: Arena): Effect.Effect<QatDriver, DriverError> {
    return Effect.gen(function* () {
      const vendor = yield* attachment.read16(ConfigSpace.configRegion, 0)
      const device = yield* attachment.read16(ConfigSpace.configRegion, 2)
      if (vendor !== vendorIntel || !idTable.has(device)) {
        return yield* notQat(attachment.name, vendor, device)
      }
      yield* ConfigSpace.enable(attachment)
      return new QatDriver(attachment, arena, yield* shakeHands(attachment))
    })
  }

  /** Resets a bank and sets its rings up. Asks for interrupts only where they come. */
  openRings(bank: number, options: RingOptions = {}): Effect.Effect<RingPair, DriverError> {
    const interrupts = options.interrupts === true && this.attachment.hasInterrupts
    return Effect.zipRight(
      resetBank(this.attachment, bank),
      RingPair.open(this.attachment, this.arena, bank, { ...options, interrupts })
    )
  }

  /** Waits until a pair has responses, and takes them. */
  responses(pair: RingPair): Effect.Effect<ReadonlyArray<Uint8Array>, DriverError> {
    return Effect.gen(this, function* () {
      const { attachment } = this
      const { lines } = attachment
      for (;;) {
        yield* attachment.present
        const told = lines.count(vector)
        const found = yield* pair.interrupts ? pair.serve : pair.take
        if (found.length > 0) return found
        // After a move there may be none, though the pair was opened with them.
        const isTold = pair.interrupts && attachment.hasInterrupts
        yield* isTold ? lines.next(vector, told) : Effect.sleep(pollEvery)
      }
    })
  }

  /** Submits one request and waits for its response. The pair has nothing else in flight. */
  run(pair: RingPair, request: Uint8Array): Effect.Effect<Uint8Array, DriverError | RingFull> {
    return Effect.flatMap(Effect.zipRight(pair.submit([request]), this.responses(pair)), ([response]) =>
      response === undefined ? Effect.dieMessage("no response among responses") : Effect.succeed(response)
    )
  }

  /** Tells the PF that the driver is gone. Rings are closed before. */
  get remove(): Effect.Effect<void, DriverError> {
    return sayGoodbye(this.attachment)
  }
}

/** A guest at work on the VF of an emulator, whose VMM takes part in migrations, and what two hosts' journals say of its requests. */
import { type Ledger, ledgerOf } from "@stopcopy/qat"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { AddressSpace, Arena, attach, QatDriver } from "@stopcopy/vmm"
import { attend } from "@stopcopy/vmm/agent"
import { makeHost, Workload } from "@stopcopy/vmm/node"
import { Effect } from "effect"
import { withJournalTurns } from "../../src/JournalTurns.ts"

/** The guest, with one lane on the VF behind this socket. */
export const guestOn = (socketPath: string) =>
  Effect.gen(function* () {
    const host = yield* makeHost({ messagesOnly: true })
    const place = { address: 0x1_0000_0000n, size: 8 << 20 }
    const space = yield* Effect.flatMap(host.memory([place]), AddressSpace.make)
    const attachment = yield* attach(space, host.wire(socketPath))
    const driver = yield* QatDriver.probe(attachment, new Arena(place))
    const lanes = driver.offer.services
      .slice(0, 1)
      .map((service, bank) => ({ bank, kind: service === 2 ? ("deflate" as const) : ("aes-128-cbc" as const) }))
    const workload = yield* Workload.make(driver, { seed: 11, lanes, jobs: 4, pauseMillis: 20 })
    const wire = (destination: { readonly socketPath: string }) => host.wire(destination.socketPath)
    yield* attend({ processor: workload.processor, attachments: [attachment], wire })
    return { attachment, workload }
  })

/** The ledger of the guest over both journals, that of the first host first. */
export const ledgerOver = (first: string, second: string, stream: string) =>
  Effect.gen(function* () {
    const read = (file: string, before?: Ledger.Ledger) =>
      ledgerOf([stream], before).pipe(withJournalTurns, Effect.provide(layerSqlite({ file, readOnly: true })))
    return yield* read(second, yield* read(first))
  })

/** The example of the README. */
// region readme
import { AddressSpace, Arena, attach, type Attachment, QatDriver } from "@stopcopy/vmm"
import { attached, serveAgent } from "@stopcopy/vmm/agent"
import { makeHost, Workload } from "@stopcopy/vmm/node"
import { Effect } from "effect"

/** Attaches the VF on `path`, lets a guest work on it until it has 50 answers, and reports. */
export const tryOut = (path: string) =>
  Effect.gen(function* () {
    const host = yield* makeHost()
    const place = { address: 0x1_0000_0000n, size: 64 << 20 }
    const memory = yield* host.memory([place])
    const attachment = yield* attach(yield* AddressSpace.make(memory), host.wire(path))
    const driver = yield* QatDriver.probe(attachment, new Arena(place))
    const workload = yield* Workload.make(driver, {
      seed: 1,
      lanes: driver.offer.services.map((service, bank) =>
        service === 2 ? { bank, kind: "deflate" } : { bank, kind: "aes-128-gcm", interrupts: true }
      )
    })
    yield* attachment.dirty.start
    yield* workload.start
    yield* workload.more(50)
    yield* workload.stop
    const dirty = yield* attachment.dirty.takeAll // by the CPU and by the device
    return { ...workload.report, dirtyPages: dirty.length }
  }).pipe(Effect.scoped)

/** Lets a coordinator move what is attached: an agent in the VMM, with who may run the device in the journal of the `ActorSystem`. */
export const drivable = (attachment: Attachment, folder: string) =>
  serveAgent({
    name: "vmm-1",
    program: "my-vmm 1.0",
    address: { _tag: "Unix", path: `${folder}/agent.sock` }, // or a TCP port, with a token and TLS
    devices: [{ name: "vf0", access: attached("vf0", attachment), socketPath: attachment.name, keepsState: true }]
  })
// endregion

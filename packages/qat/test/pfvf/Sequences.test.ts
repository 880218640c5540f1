/** What drivers do with the mailbox from the first word on: DPDK's probe, a kernel driver's start and end, qatlib's. */
import { assert, it } from "@effect/vitest"
import type { Compatibility } from "@stopcopy/qat"
import { crc8 } from "../../src/pfvf/Crc8.ts"
import type * as Vf from "../driver/vf.ts"
import { acknowledge, facts, opened, pf2vm, vm2pf, write } from "./guest.ts"

/** A driver that polls: writes, sees the doorbell fall, reads once, acknowledges with its own request. */
const dpdk = (at: Vf.At, word: number, pf?: Partial<Compatibility.PfFacts>) => {
  const sent = write(at, word, pf)
  assert.strictEqual(vm2pf(sent) & 1, 0)
  const answer = pf2vm(sent)
  const next = acknowledge(sent, word & ~1)
  assert.strictEqual(pf2vm(next), word & ~1)
  return { next, answer, byte: (answer >>> 10) & 0xff }
}

it("DPDK's probe: both bytes of the map, four bank resets, no INIT; every bank has a service that it knows", () => {
  const low = dpdk(opened(), 0x2327)
  const high = dpdk(low.next, 0x3327)
  const map = low.byte | (high.byte << 8)
  assert.strictEqual(map, facts.svcmap)
  for (let bank = 0; bank < 4; bank++) assert.include([2, 3, 4], (map >>> (3 * bank)) & 7)
  let at: Vf.At = high.next
  for (let bank = 0; bank < 4; bank++) {
    const reset = dpdk(at, 0x43 + 0x100 * bank)
    assert.strictEqual(reset.answer, 0x43)
    at = reset.next
  }
  assert.deepStrictEqual(
    at.state.device?.banks.map(({ generation }) => generation),
    [1, 1, 1, 1]
  )
  assert.include(at.state, { init: 0, compatVersion: 0 })
})

/** A driver that checks: the answer must be there, of this type, and is acknowledged by its own word. */
const asking = (at: Vf.At, word: number, type: number) => {
  const sent = write(at, word)
  const answer = pf2vm(sent)
  assert.deepStrictEqual([answer & 1, (answer >>> 2) & 0x3f], [1, type])
  return { next: acknowledge(sent), data: answer >>> 8 }
}

const smallBlock = (type: number, byte: number, crc: boolean) =>
  (((type | (byte << 4) | (crc ? 0x200 : 0)) << 8) | (0x09 << 2) | 3) >>> 0

/** Version and length, then the rest up to the size of the driver's buffer, then the checksum over all of it. */
const readBlock = (from: Vf.At, type: number, bufferBytes: number) => {
  let at = from
  const bytes: Array<number> = []
  const next = (byte: number, crc = false) => {
    const { data, next } = asking(at, smallBlock(type, byte, crc), 0x03)
    assert.strictEqual(data & 3, crc ? 1 : 0)
    at = next
    return (data >>> 2) & 0xff
  }
  bytes.push(next(0), next(1))
  const count = Math.min(bufferBytes, 2 + (bytes[1] ?? 0))
  while (bytes.length < count) bytes.push(next(bytes.length))
  assert.strictEqual(next(count - 1, true), crc8(Uint8Array.from(bytes)))
  return { next: at, bytes }
}

const start = (from: Vf.At, bufferBytes: number) => {
  const version = asking(from, 0x0000_051b, 0x02)
  assert.strictEqual(version.data, 0x105)
  const capabilities = readBlock(version.next, 2, bufferBytes)
  assert.deepStrictEqual(capabilities.bytes, [2, 8, 0x01, 0x01, 0, 0, 0x21, 0, 0, 0x04])
  const map = readBlock(capabilities.next, 3, 4)
  assert.deepStrictEqual(map.bytes, [1, 2, 0x1c, 0x07])
  return map.next
}

it("a kernel driver: unmask, version 5, both blocks with checksums, INIT; SHUTDOWN at the end", () => {
  const unmasked = opened().when({ _tag: "WriteRegister", bar: 2, offset: 0x1004, value: 0 })
  const ready = write(start(unmasked, 14), 0x0f)
  assert.include(ready.state, { init: 1, compatVersion: 5 })
  assert.strictEqual(ready.state.device?.interrupts, 17, "one for every answer: version, 11 and 5 of the blocks")
  assert.include(write(ready, 0x13).state, { init: 0, compatVersion: 5 })
})

it("qatlib: masked for ever, the same twice, once in its manager and once in the process; then SHUTDOWN", () => {
  const masked = opened().when({ _tag: "WriteRegister", bar: 2, offset: 0x1004, value: 1 })
  const manager = start(masked, 28)
  const reset = manager.when({ _tag: "Close" }).when({ _tag: "Open", coreEnable: 0, allocatePrivateData: 0 })
  const polling = reset.when({ _tag: "WriteRegister", bar: 2, offset: 0x1004, value: 1 })
  const ready = write(start(polling, 28), 0x0f)
  assert.strictEqual(ready.state.init, 1)
  assert.strictEqual(ready.state.device?.interrupts, 0)
  assert.strictEqual(write(ready, 0x13).state.init, 0)
})

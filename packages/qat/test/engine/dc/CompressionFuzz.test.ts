/** No bytes of a request or of memory make a compression request throw, loop or answer nonsense. */
import { assert, it } from "@effect/vitest"
import { deflateRawSync } from "node:zlib"
import { Arena } from "../../support/dc/Arena.ts"
import { dataKinds, dataOf } from "../../support/dc/Data.ts"
import { execute } from "../../support/dc/Execute.ts"
import { layOut } from "../../support/dc/Job.ts"
import { randomFrom } from "../../support/Fuzz.ts"

const runs = 6000
const size = 1 << 16
const base = 0x1000n
const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

type Random = ReturnType<typeof randomFrom>

/** A good request, of any kind. */
const good = (random: Random, arena: Arena): Uint8Array<ArrayBuffer> => {
  const kind = (["static", "dynamic", "decompress"] as const)[random(3)] ?? "static"
  const raw = dataOf(dataKinds[random(5)] ?? "text", random(3000), random(1000))
  const data = kind === "decompress" ? deflateRawSync(raw) : raw
  const split = { source: [random(100), random(100)], destination: [random(100)] }
  const choice = {
    kind,
    data,
    room: random(2) === 0 ? 4000 : random(2000),
    final: random(2) === 0,
    level: 1 + random(12)
  }
  return layOut(arena, random(2) === 0 ? choice : { ...choice, split }).request
}

const noise = (random: Random): Uint8Array<ArrayBuffer> => {
  const bytes = Uint8Array.from({ length: 128 }, () => random(256))
  const view = new DataView(bytes.buffer)
  // Mostly noise that gets past the first checks.
  if (random(4) !== 0) {
    view.setUint8(1, random(3))
    view.setUint16(4, 0, true)
    view.setUint8(6, 2 + random(2))
    view.setUint8(11, 1 << 5)
    view.setUint32(72, random(128), true)
    for (const at of [32, 40]) view.setBigUint64(at, base + BigInt(random(size)), true)
    for (const at of [48, 52, 56, 60]) if (random(3) !== 0) view.setUint32(at, random(1000), true)
  }
  return bytes
}

it(`${runs} random and mutated requests over random memory are answered, or fault`, () => {
  const random = randomFrom(4)
  const arena = new Arena(base, size)
  const seen = new Map<number, number>()
  let faults = 0
  for (let turn = 0; turn < runs; turn++) {
    arena.clear()
    const request = random(4) === 0 ? noise(random) : good(random, arena)
    const view = new DataView(request.buffer)
    for (let left = random(4); left > 0; left--) {
      if (random(2) === 0) view.setUint32(4 * random(32), edges[random(edges.length)] ?? 0, true)
      else view.setUint8(random(128), random(256))
    }
    for (let left = random(4) * random(4); left > 0; left--) arena.region.bytes[random(size)] = random(256)
    const done = execute([arena.region], request)
    if (done === undefined) {
      faults++
      continue
    }
    const { answer } = done
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
    assert.strictEqual(answer.flags, answer.command < 2 ? 0xc0 : 0x80)
    assert.include([0, 0x08, 0x20, 0x22, 0x24], answer.status)
    if (answer.status >= 0x20) {
      assert.isBelow(answer.error, 0)
      assert.deepStrictEqual([answer.consumed, answer.produced, done.executed.writes.length], [0, 0, 0])
    } else {
      assert.isAtMost(answer.consumed, view.getUint32(56, true))
      assert.isAtMost(answer.produced, view.getUint32(60, true))
    }
  }
  // Every kind of answer is reached, many times.
  for (const status of [0, 0x08, 0x20, 0x22, 0x24]) assert.isAbove(seen.get(status) ?? 0, runs / 100, `${status}`)
  assert.isAbove(faults, runs / 100)
})

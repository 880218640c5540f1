/** Config space of the VF, register by register: what it holds, what a write does to it, what it refuses. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigLayout, Pci } from "@stopcopy/qat"
import { given } from "@stopcopy/runtime/testing"
import { bytesOf } from "./vfio.ts"

const identity = { vendor: 0x8086, device: 0x4941, revision: 0x40, subsystemVendor: 0x8086, subsystem: 0 }
const poweredOn: Pci.PciEvent = { _tag: "PoweredOn", identity }
const function0 = () => given(Pci.behavior, [poweredOn])

const read = ({ config }: Pci.Pci, offset: number, length: number): number =>
  [...config.subarray(offset, offset + length)].reduceRight((value, byte) => value * 0x100 + byte, 0)

const writing = (offset: number, value: number, length: number): Pci.PciCommand => ({
  _tag: "WriteConfig",
  offset,
  bytes: bytesOf(value, length)
})

/** Errno of a write, and the register's value after it. */
const written = (offset: number, value: number, length: number, state?: Pci.Pci) => {
  const at = state === undefined ? function0() : given({ ...Pci.behavior, initial: state })
  const done = at.when(writing(offset, value, length))
  return {
    errno: done.answer._tag === "Left" ? done.answer.left._tag : "none",
    value: read(done.state, offset, length),
    state: done.state
  }
}

const atReset: ReadonlyArray<readonly [name: string, offset: number, length: number, value: number]> = [
  ["vendor", 0x00, 2, 0x8086],
  ["device", 0x02, 2, 0x4941],
  ["command", 0x04, 2, 0],
  ["status: there are capabilities", 0x06, 2, 0x10],
  ["revision", 0x08, 1, 0x40],
  ["class: co-processor", 0x09, 3, 0x0b4000],
  ["cache line size, latency timer, header type, BIST", 0x0c, 4, 0],
  ["BAR0: 64 bits", 0x10, 4, 0x4],
  ["BAR1", 0x14, 4, 0],
  ["BAR2: 64 bits", 0x18, 4, 0x4],
  ["BAR3", 0x1c, 4, 0],
  ["BAR4", 0x20, 4, 0],
  ["BAR5", 0x24, 4, 0],
  ["CardBus pointer", 0x28, 4, 0],
  ["subsystem vendor", 0x2c, 2, 0x8086],
  ["subsystem", 0x2e, 2, 0],
  ["expansion ROM", 0x30, 4, 0],
  ["first capability", 0x34, 1, 0x50],
  ["interrupt line", 0x3c, 1, 0],
  ["interrupt pin: no INTx", 0x3d, 1, 0],
  ["fuse words: every slice", 0x44, 4, 0],
  ["PCI Express, next is MSI-X", 0x50, 2, 0x9010],
  ["version 2, endpoint", 0x52, 2, 0x0002],
  ["function level reset", 0x54, 4, 0x1000_8000],
  ["device control", 0x58, 2, 0],
  ["link capabilities", 0x5c, 4, 0x104],
  ["link status", 0x62, 2, 0x104],
  ["MSI-X, next is power management", 0x90, 2, 0xa011],
  ["one vector, off", 0x92, 2, 0],
  ["table in BAR2", 0x94, 4, 0x1802],
  ["pending bits in BAR2", 0x98, 4, 0x1902],
  ["power management, last", 0xa0, 2, 0x0001],
  ["version 3, D0 and D3hot", 0xa2, 2, 0x0003],
  ["D0, configuration stays", 0xa4, 2, 0x0008]
]

describe("as the function comes up", () => {
  for (const [name, offset, length, value] of atReset) {
    it(`${name} at 0x${offset.toString(16)} is 0x${value.toString(16)}`, () => {
      assert.strictEqual(read(function0().state, offset, length), value)
    })
  }

  it("the list of capabilities ends, stays behind 0x50, and its members do not overlap", () => {
    const { state } = function0()
    const sizes = new Map([
      [0x10, 0x3c],
      [0x11, 12],
      [0x01, 8]
    ])
    const spans: Array<readonly [number, number]> = []
    for (let at = read(state, 0x34, 1); at !== 0; at = read(state, at + 1, 1)) {
      assert.isAtLeast(at, 0x50)
      assert.strictEqual(at % 4, 0)
      spans.push([at, at + (sizes.get(read(state, at, 1)) ?? 0)])
      assert.isBelow(spans.length, 4)
    }
    assert.deepStrictEqual(spans, [
      [0x50, 0x8c],
      [0x90, 0x9c],
      [0xa0, 0xa8]
    ])
  })

  it("registers lie in order and do not overlap", () => {
    let end = 0
    for (const { bytes, offset } of ConfigLayout.fields) {
      assert.isAtLeast(offset, end)
      end = offset + bytes
    }
  })
})

const writes: ReadonlyArray<
  readonly [what: string, offset: number, length: number, value: number, errno: string, after: number]
> = [
  ["the vendor", 0x00, 2, 0, "EINVAL", 0x8086],
  ["the device", 0x02, 2, 0, "EINVAL", 0x4941],
  ["the command: all bits that there are", 0x04, 2, 0x0537, "none", 0x0517],
  ["the command: parity, which there is not", 0x04, 2, 0x0046, "EINVAL", 0],
  ["half the command", 0x04, 1, 0x06, "EINVAL", 0],
  ["the status", 0x06, 2, 0xffff, "none", 0x10],
  ["the revision", 0x08, 1, 0xff, "none", 0x40],
  ["the class", 0x09, 3, 0xff_ffff, "none", 0x0b4000],
  ["cache line size and latency timer", 0x0c, 2, 0x2010, "none", 0x2010],
  ["the header type", 0x0e, 1, 1, "EINVAL", 0],
  ["BIST", 0x0f, 1, 0x40, "EINVAL", 0],
  ["BAR0, for its size", 0x10, 4, 0xffff_ffff, "none", 0xffff_8004],
  ["BAR1, for its size", 0x14, 4, 0xffff_ffff, "none", 0xffff_ffff],
  ["BAR2, for its size", 0x18, 4, 0xffff_ffff, "none", 0xffff_e004],
  ["BAR3, for its size", 0x1c, 4, 0xffff_ffff, "none", 0xffff_ffff],
  ["BAR0, its address", 0x10, 4, 0xfe12_8abc, "none", 0xfe12_8004],
  ["BAR0, its highest byte", 0x13, 1, 0xfe, "none", 0xfe],
  ["BAR4", 0x20, 4, 0xffff_ffff, "none", 0],
  ["BAR5", 0x24, 4, 0xffff_ffff, "none", 0],
  ["the CardBus pointer", 0x28, 4, 1, "EINVAL", 0],
  ["the subsystem vendor", 0x2c, 2, 0, "EINVAL", 0x8086],
  ["the subsystem", 0x2e, 2, 1, "EINVAL", 0],
  ["the ROM, for its size", 0x30, 4, 0xffff_f800, "none", 0],
  ["the ROM, all ones", 0x30, 4, 0xffff_ffff, "none", 0],
  ["the ROM, enabled", 0x30, 4, 0xfe00_0001, "EINVAL", 0],
  ["half the ROM", 0x30, 2, 0, "EINVAL", 0],
  ["the first capability", 0x34, 1, 0x60, "EINVAL", 0x50],
  ["what is reserved", 0x38, 4, 0, "EINVAL", 0],
  ["the interrupt line", 0x3c, 1, 11, "none", 11],
  ["the interrupt pin", 0x3d, 1, 1, "none", 0],
  ["grant and latency", 0x3e, 2, 0xffff, "none", 0],
  ["a fuse word", 0x44, 4, 0, "EINVAL", 0],
  ["the header of a capability", 0x50, 2, 0, "EPERM", 0x9010],
  ["the header of MSI-X", 0x90, 2, 0, "EPERM", 0xa011],
  ["the header of power management", 0xa0, 1, 0, "EPERM", 0x01],
  ["PCI Express capabilities", 0x52, 2, 0xffff, "none", 0x0002],
  ["device capabilities, one half", 0x54, 2, 0, "none", 0x8000],
  ["device control", 0x58, 2, 0x2810, "none", 0x2810],
  ["half of device control", 0x58, 1, 0x10, "EINVAL", 0],
  ["device control across", 0x59, 2, 0, "EINVAL", 0],
  ["device status", 0x5a, 2, 0xf, "none", 0],
  ["device control 2", 0x78, 2, 0x6, "none", 0x6],
  ["link control 2", 0x80, 2, 0x4, "none", 0x4],
  ["MSI-X: enable and mask all, and nothing else", 0x92, 2, 0xffff, "none", 0xc000],
  ["MSI-X: the enable bit's byte", 0x93, 1, 0x80, "none", 0x80],
  ["MSI-X: its control and on", 0x93, 2, 0xff80, "none", 0x0280],
  ["MSI-X: where the table is", 0x94, 4, 0, "none", 0x1802],
  ["power capabilities", 0xa2, 2, 0, "ENOTSUP", 0x0003],
  ["one byte of them", 0xa2, 1, 0, "EINVAL", 0x03],
  ["D3hot", 0xa4, 2, 0x3, "none", 0x000b],
  ["D1, which there is not", 0xa4, 2, 0x1, "none", 0x0008],
  ["half the power control", 0xa4, 1, 0x3, "EINVAL", 0x08],
  ["power bridge support", 0xa6, 1, 0, "ENOTSUP", 0],
  ["power data", 0xa7, 1, 0, "ENOTSUP", 0],
  ["behind the capabilities", 0xa8, 4, 0, "EINVAL", 0],
  ["extended config space", 0x100, 4, 0, "EINVAL", 0],
  ["beyond its end", 0xffe, 4, 0, "EINVAL", 0],
  ["before its beginning", -1, 1, 0, "EINVAL", 0]
]

describe("writing", () => {
  for (const [what, offset, length, value, errno, after] of writes) {
    it(`${what}: ${errno === "none" ? `gives 0x${after.toString(16)}` : errno}`, () => {
      const done = written(offset, value, length)
      assert.strictEqual(done.errno, errno)
      if (offset >= 0) assert.strictEqual(done.value, after)
    })
  }

  it("register by register, up to the one that refuses", () => {
    const header = written(0x04, 0x1234_0006, 4)
    assert.deepStrictEqual([header.errno, header.value], ["none", 0x0010_0006])
    const across = written(0x0c, 0x0100_2010, 4)
    assert.deepStrictEqual([across.errno, read(across.state, 0x0c, 2)], ["EINVAL", 0x2010])
    const bars = function0().when({ _tag: "WriteConfig", offset: 0x10, bytes: new Uint8Array(16).fill(0xff) })
    assert.deepStrictEqual(
      [0x10, 0x14, 0x18, 0x1c].map((at) => read(bars.state, at, 4)),
      [0xffff_8004, 0xffff_ffff, 0xffff_e004, 0xffff_ffff]
    )
  })

  it("what is there already is no event, and a refusal is one with its reason", () => {
    const once = function0().when(writing(0x04, 6, 2))
    once.expectEvents({ _tag: "ConfigWritten", offset: 4, bytes: Uint8Array.of(6, 0) })
    once.when(writing(0x04, 6, 2)).expectEvents()
    const refused = function0().when(writing(0x30, 5, 4))
    const [event] = refused.events
    assert.strictEqual(event?._tag === "PciRefused" ? event.failure.refusal?.code : "", "config.value")
  })

  it("every width at every place: what is no register's is refused, and only what may change does", () => {
    const before = function0().state
    for (let offset = 0; offset < 0x110; offset++) {
      for (const length of [1, 2, 4, 8]) {
        const { state } = written(offset, 2 ** (8 * length) - 1, length)
        if (state.resetting) continue
        for (let at = 0; at < ConfigLayout.storedBytes; at++) {
          const field = ConfigLayout.fieldAt(at)
          const mask = field?.write === "store" ? Math.floor(field.mask / 0x100 ** (at - field.offset)) % 0x100 : 0
          const changed = (before.config[at] ?? 0) ^ (state.config[at] ?? 0)
          assert.strictEqual(
            changed & ~mask,
            0,
            `0x${at.toString(16)} after ${length} bytes at 0x${offset.toString(16)}`
          )
        }
      }
    }
  })
})

describe("a function level reset", () => {
  const reset = writing(0x58, 0x8000, 2)

  it("begins with bit 15 of device control, which reads 0: config space and table are as they come up", () => {
    const used = function0()
      .when(writing(0x04, 6, 2))
      .when(writing(0x10, 0xfe00_0000, 4))
      .when(writing(0x92, 0x8000, 2))
      .when({ _tag: "WriteTable", offset: 12, value: 0 })
    const done = used.when(reset).expectEvents({ _tag: "FunctionResetBegun" })
    done.expectState({ ...function0().state, resetting: true, resets: 1 })
    const { state } = done.when({ _tag: "EndReset" })
    assert.deepStrictEqual(state, { ...function0().state, resets: 1 })
  })

  it("is asked for from outside too, begins once, and ends once", () => {
    const begun = function0().when({ _tag: "BeginReset" }).expectEvents({ _tag: "FunctionResetBegun" })
    begun.when({ _tag: "BeginReset" }).expectEvents()
    const ended = begun.when({ _tag: "EndReset" }).expectEvents({ _tag: "FunctionResetEnded" })
    assert.isEmpty(ended.when({ _tag: "EndReset" }).events)
  })
})

describe("power", () => {
  it("on again as the same function nothing changes; as another it is new", () => {
    const used = function0().when(writing(0x04, 6, 2))
    used.when({ _tag: "PowerOn", identity }).expectEvents()
    const other = { ...identity, device: 0x4943 }
    const moved = used.when({ _tag: "PowerOn", identity: other }).expectEvents({ _tag: "PoweredOn", identity: other })
    assert.deepStrictEqual([read(moved.state, 2, 2), read(moved.state, 4, 2)], [0x4943, 0])
  })

  it("off, nothing can be written", () => {
    for (const command of [
      writing(4, 6, 2),
      { _tag: "WriteTable", offset: 0, value: 0 },
      { _tag: "BeginReset" }
    ] as const) {
      const { state } = given(Pci.behavior).when(command).expectRefusal({ _tag: "ENODEV" })
      assert.deepStrictEqual(state, Pci.initial)
    }
  })
})

describe("the MSI-X table", () => {
  const table = (offset: number, value: number): Pci.PciCommand => ({ _tag: "WriteTable", offset, value })

  it("has an entry of four words, of which only bits that there are change", () => {
    const done = [0, 4, 8, 12].reduce(
      (at, offset) => at.when(table(offset, 0xffff_ffff)),
      function0().when(table(0, 0))
    )
    assert.deepStrictEqual(done.state.table, [[0xffff_fffc, 0xffff_ffff, 0xffff_ffff, 1]])
    done.when(table(12, 1)).expectEvents()
  })

  it("is as if it were not there until it is written", () => {
    assert.deepStrictEqual(function0().state.table, [null])
    function0().when(table(12, 1)).expectEvents({ _tag: "TableWritten", vector: 0, word: 3, value: 1 })
  })

  it("is not written beside its words", () => {
    for (const offset of [-4, 2, 16, 0x100]) {
      const { state } = function0().when(table(offset, 0)).expectRefusal({ _tag: "EINVAL" })
      assert.deepStrictEqual(state, function0().state)
    }
  })
})

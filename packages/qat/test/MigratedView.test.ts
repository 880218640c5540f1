/** The view of what a migration restores: each restored fact shows in it and in its digest, each other fact does not. */
import { assert, describe, it } from "@effect/vitest"
import { MigratedView, RegisterAccess, RegisterFile, Registers, Vf, type VfState } from "@stopcopy/qat"
import { busyRegisters } from "./support/Sample.ts"

const { digest, firstDifference, leftOut, migratedView } = MigratedView

const vfWith = (registers: RegisterFile.RegisterFile, fields: Partial<VfState.Vf> = {}): VfState.Vf => ({
  ...Vf.behavior.initial,
  registers,
  init: 1,
  compatVersion: 4,
  ...fields
})

type Change = (file: RegisterFile.RegisterFile) => void
const flip = (value: number, bit = 4): number => (value ^ bit) >>> 0

/** The sample VF before and after a change to its registers. Plain memory: every register may have any value. */
const views = (change: Change, model: RegisterFile.RegisterModel = "memory") => {
  const file = busyRegisters()
  const before = migratedView(vfWith(Uint32Array.from(file), { registerModel: model }))
  change(file)
  return [before, migratedView(vfWith(file, { registerModel: model }))] as const
}

const banks = [0, 1, 2, 3]

/** Every register fact that a restore writes or compares, with the field of the view that must show it. */
const shown: ReadonlyArray<readonly [string, Change]> = [
  ...banks.flatMap((bank) => [
    ...Registers.csrs
      .filter(({ migrated }) => migrated === "restored" || migrated === "checked")
      .map(({ name }): readonly [string, Change] => [
        `bnk${bank}.${name}`,
        (file) => RegisterFile.pokeCsr(file, bank, name, flip(RegisterFile.csr(file, bank, name)))
      ]),
    ...[0, 1].flatMap((ring) =>
      Registers.ringRegisters.map(({ name }): readonly [string, Change] => [
        `bnk${bank}.ring${ring}.${name === "LBASE" || name === "UBASE" ? "base" : name}`,
        (file) => RegisterFile.pokeRing(file, bank, ring, name, flip(RegisterFile.ringRegister(file, bank, ring, name)))
      ])
    )
  ]),
  ...Registers.miscRegisters
    .filter(({ migrated }) => migrated === "restored")
    .map(({ name }): readonly [string, Change] => [
      `MISCBAR.${name}`,
      (file) => RegisterFile.pokeMisc(file, name, flip(RegisterFile.misc(file, name)))
    ])
]

/** Every register fact that is not restored, by its name. */
const hidden: ReadonlyArray<readonly [string, Change]> = [
  ...banks.flatMap((bank) =>
    Registers.csrs
      .filter(({ migrated }) => migrated === "saved" || migrated === "steers")
      .map(({ name }): readonly [string, Change] => [
        name,
        (file) => RegisterFile.pokeCsr(file, bank, name, flip(RegisterFile.csr(file, bank, name)))
      ])
  ),
  ...Registers.miscRegisters
    .filter(({ migrated }) => migrated === "saved")
    .map(({ name }): readonly [string, Change] => [
      name,
      (file) => RegisterFile.pokeMisc(file, name, flip(RegisterFile.misc(file, name)))
    ]),
  [
    "INT_COL_CTL bit 31",
    (file) => RegisterFile.pokeCsr(file, 1, "INT_COL_CTL", flip(RegisterFile.csr(file, 1, "INT_COL_CTL"), 0x8000_0000))
  ]
]

it("a change of any restored or compared register changes the view there, the digest of its section, and the whole", () => {
  for (const [field, change] of shown) {
    const [before, after] = views(change)
    const difference = firstDifference(before, after)
    assert.strictEqual(difference?.field, field)
    assert.notStrictEqual(difference?.source, difference?.destination)
    const [one, other] = [digest(before), digest(after)]
    assert.notStrictEqual(one.whole, other.whole, field)
    const changed = Object.keys(one.sections).filter((name) => one.sections[name] !== other.sections[name])
    assert.deepStrictEqual(changed, [field.split(".")[0]])
  }
})

it("a change of any other register changes nothing, and what it was is named among what is left out", () => {
  const named = leftOut.map(({ what }) => what).join("; ")
  for (const [name, change] of hidden) {
    const [before, after] = views(change)
    assert.isUndefined(firstDifference(before, after), name)
    assert.deepStrictEqual(digest(before), digest(after))
    assert.include(named, name)
  }
})

it("every register is either in the view or left out by name", () => {
  const fields = new Set(shown.map(([field]) => field.replace(/^bnk\d\./, "").replace(/^MISCBAR\./, "")))
  const names = new Set(hidden.map(([name]) => name))
  for (const { name } of [...Registers.csrs, ...Registers.miscRegisters]) {
    assert.notStrictEqual(fields.has(name), names.has(name), name)
  }
  assert.strictEqual(shown.length + hidden.length - 1, 4 * 26 + 6)
  assert.strictEqual(RegisterFile.registerWords, 4 * 27 + 6, "one more word a bank, for latches that no guest reads")
})

describe("GENER", () => {
  const file = busyRegisters()
  const fields = [
    ["init", { init: 0 }],
    ["compatVersion", { compatVersion: 5 }]
  ] as const
  for (const [name, change] of fields) {
    it(`shows ${name}`, () => {
      const difference = firstDifference(migratedView(vfWith(file)), migratedView(vfWith(file, change)))
      assert.strictEqual(difference?.field, `GENER.${name}`)
    })
  }

  it("shows nothing of the migration itself", () => {
    const other = vfWith(file, {
      migrationState: "STOP_COPY",
      mode: "kernel",
      lifecycle: "open",
      deviceId: 0x4941,
      vfNumber: 7,
      block: new Uint8Array(4096).fill(1),
      setupSize: 90,
      remoteSetupSize: 90,
      stoppedBanks: 15,
      saving: 0,
      nextFile: 1
    })
    assert.deepStrictEqual(migratedView(other), migratedView(vfWith(file)))
  })
})

it("the drained mark does not show; the last pointer write shows as empty or full where pointers are equal", () => {
  const drained = views((file) => RegisterFile.pokeDrained(file, 0, true), "derived")
  assert.deepStrictEqual(drained[0], drained[1])
  const unequal = views((file) => RegisterAccess.writeRing(file, "derived", 1, 0, "HEAD", 0x100), "derived")
  assert.isUndefined(firstDifference(...unequal))
  const equal = views((file) => RegisterAccess.writeRing(file, "derived", 0, 1, "HEAD", 0x80), "derived")
  assert.deepStrictEqual(firstDifference(...equal), { field: "bnk0.E_STAT", source: "0x0", destination: "0x2" })
})

it("INT_COL_CTL shows with bit 31 set, as every restore leaves it", () => {
  const file = RegisterFile.reset()
  assert.strictEqual(migratedView(vfWith(file))["bnk3"]?.["INT_COL_CTL"], "0x80000000")
  RegisterFile.pokeCsr(file, 3, "INT_COL_CTL", 0x27ff)
  assert.strictEqual(migratedView(vfWith(file))["bnk3"]?.["INT_COL_CTL"], "0x800027ff")
})

it("the sections are those of the block, in its order; digests are sha256 in hexadecimal", () => {
  const view = migratedView(vfWith(busyRegisters()))
  const sections = ["GENER", "MISCBAR", "bnk0", "bnk1", "bnk2", "bnk3"]
  assert.deepStrictEqual(Object.keys(view), sections)
  const digests = digest(view)
  assert.deepStrictEqual(Object.keys(digests.sections), sections)
  for (const text of [digests.whole, ...Object.values(digests.sections)]) assert.match(text, /^[0-9a-f]{64}$/)
  assert.deepStrictEqual(digest(migratedView(vfWith(busyRegisters()))), digests)
})

it("a field that the destination does not have is absent", () => {
  const view = migratedView(vfWith(busyRegisters()))
  const { GENER, ...rest } = view
  assert.deepStrictEqual(firstDifference(view, rest), {
    field: "GENER.init",
    source: GENER?.["init"] ?? "",
    destination: "absent"
  })
})

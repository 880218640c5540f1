/** Registers by name: every word has its own, zeroes are left out, and nothing is lost either way. */
import { assert, it } from "@effect/vitest"
import { RegisterFile } from "@stopcopy/qat"
import { Either, FastCheck as fc, Schema } from "effect"
import { RegisterFileFromNames } from "../src/RegisterFileJson.ts"

const encode = Schema.encodeSync(RegisterFileFromNames)
const decode = Schema.decodeSync(RegisterFileFromNames)

const words = fc
  .uint32Array({ minLength: RegisterFile.registerWords, maxLength: RegisterFile.registerWords })
  .map((values) => Uint32Array.from(values))

it.prop("names and back is the identity, also through JSON text", [words], ([file]) => {
  const names = encode(file)
  assert.deepStrictEqual(decode(names), file)
  assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(names))), file)
})

it("every word has a name of its own, and the name is that of its register", () => {
  const all = encode(Uint32Array.from({ length: RegisterFile.registerWords }, (_, index) => index + 1))
  assert.strictEqual(Object.keys(all).length, RegisterFile.registerWords)
  const file = RegisterFile.reset()
  RegisterFile.pokeCsr(file, 2, "INT_COL_CTL", 7)
  RegisterFile.pokeRing(file, 3, 1, "TAIL", 0xffff_ffff)
  RegisterFile.pokeMisc(file, "VM2PF", 9)
  RegisterFile.pokeDrained(file, 0, true)
  assert.deepStrictEqual(encode(file), {
    "bank0.latches": 0x100,
    "bank2.INT_COL_CTL": 7,
    "bank3.ring1.TAIL": 0xffff_ffff,
    VM2PF: 9
  })
})

it("a file after a reset has no name, and no names are a file after a reset", () => {
  assert.deepStrictEqual(encode(RegisterFile.reset()), {})
  assert.deepStrictEqual(decode({}), RegisterFile.reset())
})

it("what is no register file is refused", () => {
  const tryEncode = Schema.encodeEither(RegisterFileFromNames)
  const tryDecode = Schema.decodeUnknownEither(RegisterFileFromNames)
  assert.isTrue(Either.isLeft(tryEncode(new Uint32Array(113))))
  for (const value of [-1, 0x1_0000_0000, 1.5, "1"]) {
    assert.isTrue(Either.isLeft(tryDecode({ VM2PF: value })), `${value}`)
  }
})

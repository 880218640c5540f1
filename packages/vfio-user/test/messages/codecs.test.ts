/** Every codec of a message gives back what it wrote, and refuses a payload that ends too early. */
import { assert, describe, it } from "@effect/vitest"
import { Messages } from "@stopcopy/vfio-user"
import { Arbitrary, Either as E, FastCheck, Schema } from "effect"

interface Codec<A> {
  readonly name: string
  readonly schema: Schema.Schema<A>
  readonly encode: (value: A) => Uint8Array
  readonly decode: (payload: Uint8Array) => E.Either<unknown, { readonly errno: number }>
  /** Fewer bytes are EINVAL. */
  readonly least: number
}

const property = <A>({ decode, encode, least, name, schema }: Codec<A>): void => {
  describe(`${name}`, () => {
    it("decode inverts encode", () => {
      FastCheck.assert(
        FastCheck.property(Arbitrary.make(schema), (value) => {
          assert.deepStrictEqual(withoutUndefined(E.getOrThrow(decode(encode(value)))), withoutUndefined(value))
        }),
        { numRuns: 50 }
      )
    })

    it(`needs ${least} bytes`, () => {
      for (let length = 0; length < least; length++) {
        const result = decode(new Uint8Array(length))
        assert.isTrue(E.isLeft(result) && result.left.errno === 22, `${length} bytes`)
      }
    })
  })
}

/** Fields that are undefined are left out: JSON does not carry them. */
const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, withoutUndefined(field)])
  )
}

const { DeviceFeature, DeviceInfo, DmaLoggingReport, DmaLoggingStart, DmaMap, DmaTransfer, DmaUnmap } = Messages
const { IrqInfo, MigData, MigDataSize, MigState, MigrationFeature, PrecopyInfo, RegionAccess, RegionInfo } = Messages
const { RegionCapabilities, RegionIoFds, RegionWriteMulti, SetIrqs, Version } = Messages
const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
const U64 = Schema.BigIntFromSelf.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))

property({ name: "DeviceInfo", schema: DeviceInfo.DeviceInfo, ...DeviceInfo, least: 16 })
property({ name: "IrqInfo", schema: IrqInfo.IrqInfo, ...IrqInfo, least: 16 })
property({ name: "DmaMap", schema: DmaMap.DmaMap, ...DmaMap, least: 32 })
property({ name: "DmaTransfer", schema: DmaTransfer.DmaTransfer, ...DmaTransfer, least: 16 })
property({ name: "SetIrqs", schema: SetIrqs.SetIrqs, ...SetIrqs, least: 20 })
property({ name: "RegionAccess", schema: RegionAccess.RegionAccess, ...RegionAccess, least: 16 })
property({ name: "RegionInfo", schema: RegionInfo.RegionInfo, ...RegionInfo, least: 32 })
property({ name: "MigData", schema: MigData.MigData, ...MigData, least: 8 })
property({ name: "DeviceFeature", schema: DeviceFeature.DeviceFeature, ...DeviceFeature, least: 8 })
property({ name: "MigrationFeature", schema: U32, ...MigrationFeature, least: 8 })
property({ name: "MigState", schema: U32, ...MigState, least: 8 })
property({ name: "MigDataSize", schema: U64, ...MigDataSize, least: 8 })
property({ name: "PrecopyInfo", schema: PrecopyInfo.PrecopyInfo, ...PrecopyInfo, least: 16 })
property({ name: "DmaLoggingStart", schema: DmaLoggingStart.DmaLoggingStart, ...DmaLoggingStart, least: 16 })
property({ name: "DmaLoggingReport", schema: DmaLoggingReport.DmaLoggingReport, ...DmaLoggingReport, least: 24 })
property({ name: "Version", schema: Version.Version, ...Version, least: 4 })
property({
  name: "RegionIoFds request",
  schema: RegionIoFds.Head,
  encode: RegionIoFds.encodeRequest,
  decode: RegionIoFds.decodeRequest,
  least: 16
})
property({
  name: "RegionIoFds reply",
  schema: Schema.Array(RegionIoFds.Entry),
  encode: (entries) => RegionIoFds.encodeReply({ argsz: 0, flags: 0, index: 0, count: entries.length, entries }),
  decode: (payload) => E.map(RegionIoFds.decodeReply(payload), ({ entries }) => entries),
  least: 16
})
property({
  name: "RegionWriteMulti request",
  schema: Schema.Array(RegionWriteMulti.Entry),
  encode: RegionWriteMulti.encodeRequest,
  decode: RegionWriteMulti.decodeRequest,
  least: 8
})
property({
  name: "RegionWriteMulti reply",
  schema: Schema.Int.pipe(Schema.between(0, Number.MAX_SAFE_INTEGER)),
  encode: RegionWriteMulti.encodeReply,
  decode: RegionWriteMulti.decodeReply,
  least: 8
})

const flagsFor = (wanted: boolean) => (value: { readonly flags: number }) => ((value.flags & 1) === 1) === wanted

property({
  name: "DmaUnmap request without a bitmap",
  schema: Schema.Struct({ ...DmaUnmap.Request.fields, bitmap: Schema.Undefined }).pipe(Schema.filter(flagsFor(false))),
  encode: DmaUnmap.encodeRequest,
  decode: DmaUnmap.decodeRequest,
  least: 24
})
property({
  name: "DmaUnmap reply with a bitmap",
  schema: Schema.Struct({ ...DmaUnmap.Reply.fields, bitmap: DmaUnmap.BitmapHead }).pipe(Schema.filter(flagsFor(true))),
  encode: DmaUnmap.encodeReply,
  decode: DmaUnmap.decodeReply,
  least: 24
})
property({
  name: "sparse areas",
  schema: Schema.Array(RegionCapabilities.Area),
  encode: (areas) => {
    const capabilities = RegionCapabilities.encodeSparse(areas)
    const info = { argsz: 0, flags: RegionInfo.CAPS, index: 0, capOffset: 32, size: 0, offset: 0n }
    return RegionInfo.encode(info, capabilities)
  },
  decode: RegionCapabilities.decodeSparse,
  least: 32
})

describe("refusals", () => {
  const errnoOf = (result: E.Either<unknown, { readonly errno: number }>) =>
    E.match(result, { onLeft: ({ errno }) => errno, onRight: () => 0 })

  it("a chain of capabilities may not run backwards or leave the payload", () => {
    const info = { argsz: 0, flags: RegionInfo.CAPS, index: 0, capOffset: 32, size: 0, offset: 0n }
    const other = new Uint8Array([2, 0, 1, 0, 32, 0, 0, 0])
    assert.strictEqual(errnoOf(RegionCapabilities.decodeSparse(RegionInfo.encode(info, other))), 22)
    assert.strictEqual(errnoOf(RegionCapabilities.decodeSparse(RegionInfo.encode({ ...info, capOffset: 40 }))), 22)
    const skipped = new Uint8Array([2, 0, 1, 0, 40, 0, 0, 0, ...RegionCapabilities.encodeSparse([])])
    assert.deepStrictEqual(E.getOrThrow(RegionCapabilities.decodeSparse(RegionInfo.encode(info, skipped))), [])
  })

  it("a multiple write has all its entries, and at most 8 bytes in each", () => {
    const data = new Uint8Array(8)
    const payload = RegionWriteMulti.encodeRequest([{ offset: 0, region: 0, data }])
    assert.strictEqual(errnoOf(RegionWriteMulti.decodeRequest(payload.subarray(0, 31))), 22)
    payload[8 + 12] = 9
    assert.strictEqual(errnoOf(RegionWriteMulti.decodeRequest(payload)), 22)
    payload.fill(0xff, 0, 8)
    assert.strictEqual(errnoOf(RegionWriteMulti.decodeRequest(payload)), 22)
  })

  it("logging has all its ranges", () => {
    const data = DmaLoggingStart.encode({ pageSize: 4096n, ranges: [{ iova: 0n, length: 1n }] })
    assert.strictEqual(errnoOf(DmaLoggingStart.decode(data.subarray(0, 31))), 22)
  })
})

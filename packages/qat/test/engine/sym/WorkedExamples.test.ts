/** The worked examples of the specification, byte for byte: request, descriptor, data, response. Source: sections 9.1, 9.3 and 9.4 there. */
import { assert, describe, it } from "@effect/vitest"
import { executed } from "../../support/sym/Execute.ts"
import { hashBlock } from "../../support/sym/Descriptors.ts"
import { cipherRequest, gcmRequest, hashRequest } from "../../support/sym/Requests.ts"

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)

const key = counting(16)
const dataAt = 0x1_3000_1000n

const cbc = {
  request: `00 00 04 80 04 00 00 00 40 00 00 20 01 00 00 00 00 00 03 00 00 00 00 00 40 33 22 11 00 7f 00 00
    00 10 00 30 01 00 00 00 00 10 00 30 01 00 00 00 40 00 00 00 40 00 00 00 00 00 00 00 40 00 00 00
    f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 fa fb fc fd fe ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 02 02 00 41 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`,
  descriptor: "13 00 00 00 00 00 00 00 | 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
  data: `753d5eacf88ed4c2c30496112e5f2221 380449120c43e61d91c66cae5065cdad
    a92a5c417f7993023b11fdc5780e1efb 5a37fceabb2046eb70a92e5d6156e193`,
  response: "00 01 04 80 00 00 00 00 40 33 22 11 00 7f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
}

const gcm = {
  request: `00 00 04 80 24 68 00 00 80 00 00 20 01 00 00 00 00 00 04 00 00 00 00 00 80 33 22 11 00 7f 00 00
    00 10 00 30 01 00 00 00 00 10 00 30 01 00 00 00 40 00 00 00 40 00 00 00 00 00 00 00 40 00 00 00
    ca fe ba be fa ce db ad de ca f8 88 00 00 00 00 00 00 00 00 14 00 00 00 00 40 00 30 01 00 00 00
    40 10 00 30 01 00 00 00 00 00 00 10 02 02 00 41 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`,
  descriptor: `43 40 00 00 00 00 00 14 00 00 00 00 00 00 00 00 | 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f`,
  data: `8978c5b581f28706a219c38351f7aee8 961a2a374ffea6b229f00c606a3af3ce
    ba08bb23d6313b5be5669a17af89e514 fcdf3b6c4509e254d89b73a01cd4bfda`,
  tag: "0d72b8fa7b46c90e4c8c965451295ee2",
  response: "00 01 04 80 00 00 00 00 80 33 22 11 00 7f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
}

const hmac = {
  descriptor: `14 20 00 00 00 00 00 00 00 00 00 40 00 00 00 00
    ce6cc13a481ee179741ff12a377e06dda6103e8964a893646c03368b82dceb35
    3dec8b3e7eabbbec7fe6dd4d1727b9c916cd5cbece6cd05b590d78dca9c44562`,
  control: "00 00 42 00 00 20 20 00 20 06 20 00 00 00 00",
  digest: "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
}

describe("the worked examples", () => {
  it("encrypt 64 bytes with AES-128-CBC", () => {
    const { descriptor, request } = cipherRequest({
      mode: "cbc",
      key,
      iv: hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
      source: { address: dataAt, length: 64 },
      opaque: 0x7f00_1122_3340n,
      descriptorAt: 0x1_2000_0040n
    })
    assert.strictEqual(text(request), text(hex(cbc.request)))
    assert.strictEqual(text(descriptor), text(hex(cbc.descriptor)))
    const data = counting(64)
    const regions = [
      { address: 0x1_2000_0040n, bytes: descriptor },
      { address: dataAt, bytes: data }
    ]
    assert.strictEqual(text(executed(regions, request).response), text(hex(cbc.response)))
    assert.strictEqual(text(data), text(hex(cbc.data)))
  })

  it("encrypt 64 bytes and 20 of associated data with AES-128-GCM in a single pass", () => {
    const { descriptor, request } = gcmRequest({
      key,
      iv: hex("cafebabefacedbaddecaf888"),
      aad: { address: 0x1_3000_4000n, length: 20 },
      digest: { size: 16, at: dataAt + 64n },
      source: { address: dataAt, length: 64 },
      opaque: 0x7f00_1122_3380n,
      descriptorAt: 0x1_2000_0080n
    })
    assert.strictEqual(text(request), text(hex(gcm.request)))
    assert.strictEqual(text(descriptor), text(hex(gcm.descriptor)))
    const data = new Uint8Array(80)
    data.set(counting(64))
    const regions = [
      { address: 0x1_2000_0080n, bytes: descriptor },
      { address: dataAt, bytes: data },
      { address: 0x1_3000_4000n, bytes: counting(20) }
    ]
    assert.strictEqual(text(executed(regions, request).response), text(hex(gcm.response)))
    assert.strictEqual(text(data), text(hex(gcm.data + gcm.tag)))
  })

  it("authenticate with HMAC-SHA-256 from two states", () => {
    const macKey = Buffer.from("key")
    const message = new Uint8Array(Buffer.from("The quick brown fox jumps over the lazy dog"))
    const digest = new Uint8Array(32)
    const { descriptor, request } = hashRequest({
      hash: "sha256",
      macKey,
      digest: { size: 32, at: dataAt + 4096n },
      source: { address: dataAt, length: message.length },
      opaque: 1n,
      descriptorAt: 0x1_2000_0040n
    })
    assert.strictEqual(text(hashBlock("sha256", macKey, 32).bytes), text(hex(hmac.descriptor)))
    assert.strictEqual(text(descriptor), text(hex(hmac.descriptor)))
    assert.strictEqual(text(request.subarray(113)), text(hex(hmac.control)))
    assert.deepStrictEqual([request[4], request[18], request[107]], [0x24, 10, 0x20])
    const regions = [
      { address: 0x1_2000_0040n, bytes: descriptor },
      { address: dataAt, bytes: message },
      { address: dataAt + 4096n, bytes: digest }
    ]
    assert.strictEqual(executed(regions, request).status, 0)
    assert.strictEqual(text(digest), hmac.digest)
  })
})

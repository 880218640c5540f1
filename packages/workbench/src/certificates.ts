/**
 * Certificates for tests of TLS, made without another program: an authority, and what it signs for host names and IPv4 addresses. ECDSA on P-256.
 * Sources: RFC 5280, sections 4.1 and 4.2; X.690 (DER); RFC 5758, section 3.2.
 */
import { Effect, Random } from "effect"
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"

/** PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** PEM: what somebody trusts who trusts this authority. */
  readonly ca: string
  /** A certificate for names such as `localhost` and addresses such as `127.0.0.1`. */
  readonly issue: (names: ReadonlyArray<string>) => Effect.Effect<Certificate>
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, id: 0x06, text: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 }

const lengthOf = (length: number): Buffer => {
  if (length < 0x80) return Buffer.of(length)
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff)
}

const der = (tag: number, ...contents: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])
}

const sequence = (...parts: ReadonlyArray<Uint8Array>): Buffer => der(tags.sequence, ...parts)

/** An object identifier whose bytes are known. */
const id = (hex: string): Buffer => der(tags.id, Buffer.from(hex, "hex"))

const ecdsaWithSha256 = sequence(id("2a8648ce3d040302"))
const commonName = id("550403")
const subjectAltName = id("551d11")
const basicConstraints = id("551d13")

const nameOf = (text: string): Buffer =>
  sequence(der(tags.set, sequence(commonName, der(tags.text, Buffer.from(text)))))

/** Long enough for every test, whatever its clock says. */
const validity = sequence(...["20000101000000Z", "21000101000000Z"].map((at) => der(tags.time, Buffer.from(at))))

const isAuthority = sequence(basicConstraints, der(tags.octets, sequence(Buffer.of(0x01, 0x01, 0xff))))

const altName = (name: string): Buffer =>
  /^[0-9.]+$/.test(name) ? der(0x87, Uint8Array.from(name.split("."), Number)) : der(0x82, Buffer.from(name))

const altNames = (names: ReadonlyArray<string>): Buffer =>
  sequence(subjectAltName, der(tags.octets, sequence(...names.map(altName))))

const pem = (bytes: Uint8Array): string => {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n")
}

interface Signed {
  readonly subject: string
  readonly issuer: string
  readonly extension: Uint8Array
  readonly publicKey: KeyObject
  readonly signer: KeyObject
}

const signed = ({ extension, issuer, publicKey, signer, subject }: Signed): Effect.Effect<string> =>
  Effect.map(Random.nextIntBetween(0x0100_0000, 0x7fff_ffff), (serial) => {
    // Four bytes, the first not zero and without a sign: the only form that DER allows for it.
    const number = Buffer.alloc(4)
    number.writeUInt32BE(serial)
    const said = sequence(
      der(0xa0, der(tags.integer, Buffer.of(2))),
      der(tags.integer, number),
      ecdsaWithSha256,
      nameOf(issuer),
      validity,
      nameOf(subject),
      publicKey.export({ type: "spki", format: "der" }),
      der(0xa3, sequence(extension))
    )
    return pem(sequence(said, ecdsaWithSha256, der(tags.bits, Buffer.of(0), sign("sha256", said, signer))))
  })

const newKeys = Effect.sync(() => generateKeyPairSync("ec", { namedCurve: "P-256" }))

/** A new authority, with a key of its own whatever its name. */
export const makeAuthority: Effect.Effect<Authority> = Effect.gen(function* () {
  const own = yield* newKeys
  const issuer = "stopcopy tests"
  const about = { issuer, signer: own.privateKey }
  const ca = yield* signed({ ...about, subject: issuer, extension: isAuthority, publicKey: own.publicKey })
  const issue: Authority["issue"] = (names) =>
    Effect.gen(function* () {
      const { privateKey, publicKey } = yield* newKeys
      const cert = yield* signed({ ...about, subject: names[0] ?? "", extension: altNames(names), publicKey })
      return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() }
    })
  return { ca, issue }
})

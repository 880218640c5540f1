/** The certificates that tests of TLS use: OpenSSL, as Node has it, reads and believes them. */
import { assert, it } from "@effect/vitest"
import { makeAuthority } from "@stopcopy/workbench"
import { Effect } from "effect"
import { createPrivateKey, X509Certificate } from "node:crypto"

it.effect("an authority is believed for what it signed, and for the names in it", () =>
  Effect.gen(function* () {
    const [one, other] = [yield* makeAuthority, yield* makeAuthority]
    const { cert, key } = yield* one.issue(["localhost", "127.0.0.1"])
    const [read, authority, stranger] = [cert, one.ca, other.ca].map((text) => new X509Certificate(text))
    assert.isTrue(authority?.ca)
    assert.isFalse(read?.ca)
    assert.isTrue(authority !== undefined && read?.verify(authority.publicKey))
    assert.isFalse(stranger === undefined || read?.verify(stranger.publicKey))
    assert.isTrue(read?.checkPrivateKey(createPrivateKey(key)))
    assert.strictEqual(read?.checkHost("localhost"), "localhost")
    assert.strictEqual(read?.checkIP("127.0.0.1"), "127.0.0.1")
    assert.isUndefined(read?.checkHost("example.org"))
  })
)

/** Addresses as people write them. */
import { assert, describe, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { Either } from "effect"

const tcp = (host: string, port: number) => Either.right({ _tag: "Tcp", host, port } as const)
const unix = (path: string) => Either.right({ _tag: "Unix", path } as const)

describe("an address", () => {
  it("is read in every form that people write", () => {
    assert.deepStrictEqual(Addresses.parse("unix:agent.sock"), unix("agent.sock"))
    assert.deepStrictEqual(Addresses.parse("/run/agent.sock"), unix("/run/agent.sock"))
    assert.deepStrictEqual(Addresses.parse("./agent.sock"), unix("./agent.sock"))
    assert.deepStrictEqual(Addresses.parse("7000"), tcp("127.0.0.1", 7000))
    assert.deepStrictEqual(Addresses.parse("host-a:7000"), tcp("host-a", 7000))
    assert.deepStrictEqual(Addresses.parse("http://10.0.0.1:80/"), tcp("10.0.0.1", 80))
    assert.deepStrictEqual(Addresses.parse("[fe80::1]:65535"), tcp("fe80::1", 65_535))
    assert.deepStrictEqual(
      Addresses.parse("https://host-a:443"),
      Either.right({ _tag: "Tcp", host: "host-a", port: 443, secure: true } as const)
    )
  })

  it("is refused with what was written and what to write", () => {
    for (const text of [
      "",
      "unix:",
      "host",
      "host:",
      ":80",
      "host:65536",
      "a b:1",
      "https://a",
      "httpss://a:1",
      "fe80::1:80"
    ]) {
      const read = Addresses.parse(text)
      assert.isTrue(Either.isLeft(read), text)
      if (Either.isLeft(read)) assert.include(read.left, `no address: "${text}"; write`)
    }
  })

  it("is written so that it can be read again", () => {
    for (const text of ["unix:/run/a.sock", "http://a:1", "http://[::1]:2", "https://a:3"]) {
      assert.strictEqual(Addresses.format(Either.getOrThrow(Addresses.parse(text))), text)
    }
  })

  it("is local when only this machine reaches it", () => {
    const local = (text: string) => Addresses.isLocal(Either.getOrThrow(Addresses.parse(text)))
    assert.deepStrictEqual(["/a", "1", "127.1.2.3:1", "localhost:1", "[::1]:1"].map(local), [
      true,
      true,
      true,
      true,
      true
    ])
    assert.deepStrictEqual(["0.0.0.0:1", "host:1", "[::]:1", "127.example.org:1"].map(local), [
      false,
      false,
      false,
      false
    ])
  })
})

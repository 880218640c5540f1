/** `stopcopy conformance` against an emulated VF: everything passes, and what is said where. */
import { assert, it } from "@effect/vitest"
import { withTimeout } from "@stopcopy/vfio-user"
import { Effect, Option } from "effect"
import { readFile } from "node:fs/promises"
import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { conformance, type ConformanceOptions } from "../../src/conformance/conformance.ts"
import { answerOf, linesOf, refusalOf } from "../commands.ts"
import { missingFrom } from "../shown.ts"
import { folder, serveVf } from "./device.ts"

const options = (given: Partial<ConformanceOptions>): ConformanceOptions => ({
  socket: Option.none(),
  only: [],
  list: false,
  json: false,
  junit: Option.none(),
  ...given
})

it.scopedLive("the emulated VF passes, and nothing is skipped that it has", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const socket = join(at, "vf.sock")
    yield* serveVf(socket)
    const junit = join(at, "report.xml")
    const given = options({ socket: Option.some(socket), junit: Option.some(junit) })
    const { failure, lines } = yield* Effect.promise(() => answerOf(conformance(given)))
    const unmet = lines.filter((line) => !line.startsWith("pass  "))
    assert.deepStrictEqual(unmet.slice(0, -1), [
      'skip  feature.absent: a device without migration has none of its features: the device has migration [QEMU docs/interop/vfio-user.rst, "VFIO_USER_DEVICE_FEATURE"; include/uapi/linux/vfio.h, struct vfio_device_feature; libvfio-user lib/libvfio-user.c, handle_device_feature; test/py/test_migration.py]'
    ])
    assert.match(
      unmet.at(-1) ?? "",
      /^\d+ clauses: \d+ passed, 0 failed, 1 skipped; device 8086:4941: reset, and RUNNING/
    )
    assert.isUndefined(failure)
    assert.deepStrictEqual(missingFrom("conformance", lines), [])
    const xml = yield* Effect.promise(() => readFile(junit, "utf8"))
    assert.match(
      xml,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="stopcopy conformance" tests="\d+" failures="0" skipped="1"/
    )
    assert.strictEqual(xml.match(/<testcase /g)?.length, lines.length - 1)
  })
)

it.scopedLive("work goes to the bank that is symmetric, wherever that is; without one its clauses are skipped", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const works = ["dma.messages", "dma.in.RUNNING_P2P", "dma.migrated"]
    const outcomes = (svcmap: number) =>
      Effect.gen(function* () {
        const socket = join(at, `${svcmap}.sock`)
        yield* serveVf(socket, undefined, svcmap)
        return yield* Effect.promise(() => answerOf(conformance(options({ socket: Option.some(socket), only: works }))))
      })
    // Bank 3 alone is symmetric; compression beside asymmetric, as codes 2 and 4.
    const last = yield* outcomes(0x692)
    assert.isUndefined(last.failure)
    assert.match(last.lines.at(-1) ?? "", /^3 clauses: 3 passed, 0 failed, 0 skipped/)
    const none = yield* outcomes(0x8a2)
    assert.isUndefined(none.failure)
    assert.match(none.lines.at(-1) ?? "", /^3 clauses: 0 passed, 0 failed, 3 skipped/)
    for (const line of none.lines.slice(0, -1))
      assert.match(line, /^skip .*: no bank of the VF is symmetric: its service codes are 2, 4, 2, 4 \[/)
  })
)

it("--list shows clauses and their places, alone or of a group", async () => {
  const all = await linesOf(conformance(options({ list: true })))
  assert.isAbove(all.length, 200)
  const [first = ""] = await linesOf(conformance(options({ list: true, only: ["arc.STOP_COPY"] })))
  assert.match(first, /^arc\.STOP_COPY\.ERROR: from STOP_COPY .* \(needs migration\) \[include\/uapi\/linux\/vfio\.h, /)
  const [json = ""] = await linesOf(conformance(options({ list: true, only: ["header.echo"], json: true })))
  assert.strictEqual(
    json,
    '{"clause":"header.echo","rule":"a reply repeats id and command, and is a reply","sources":["QEMU docs/interop/vfio-user.rst, \\"Header\\""],"needs":[]}'
  )
})

it("says in one line what it cannot do", async () => {
  const refused = (given: Partial<ConformanceOptions>) => refusalOf("Misuse", conformance(options(given)))
  assert.include(await refused({}), "name the socket of a server")
  assert.include(await refused({ only: ["nope"], list: true }), "--only nope: there is no such clause; use a name")
  assert.include(await refused({ socket: Option.some("/nowhere/vf.sock") }), "/nowhere/vf.sock: ENOENT; start a server")
  const file = fileURLToPath(import.meta.url)
  assert.include(await refused({ socket: Option.some(file) }), "conformance.test.ts is no socket; start a server there")
  const report = (path: string) => refused({ socket: Option.some("/nowhere/vf.sock"), junit: Option.some(path) })
  assert.strictEqual(
    await report("/nowhere/x.xml"),
    "cannot write /nowhere/x.xml: there is no folder /nowhere; name another file"
  )
  assert.include(await report("/"), "cannot write /: it is a folder")
})

it.scopedLive("a server of something else, or one that is silent, is said once and not clause by clause", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const strangers = [
      ["silent.sock", () => undefined, "no reply within 200 ms"],
      ["http.sock", (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), "broke the protocol"]
    ] as const
    for (const [name, serve, reason] of strangers) {
      const socket = join(at, name)
      const server = createServer(serve)
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void server.listen(socket, () => resume(Effect.void))),
        () => Effect.sync(() => server.close())
      )
      const { failure, lines } = yield* Effect.promise(() =>
        answerOf(withTimeout(200)(conformance(options({ socket: Option.some(socket) }))))
      )
      assert.deepStrictEqual(lines, [])
      assert.strictEqual(failure?._tag, "Negative")
      assert.include(failure?.message, `${socket} is no vfio-user server: `)
      assert.include(failure?.message, reason)
    }
  })
)

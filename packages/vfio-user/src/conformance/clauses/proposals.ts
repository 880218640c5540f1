/** Proposals that a server must refuse: it closes the connection, with an error reply before that or without one. */
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import * as Header from "../../Header.ts"
import { encodeCommand, encodeReply } from "../../Message.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, text, textOf } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { isGood } from "../Facts.ts"
import { deviceInfo, read } from "../requests.ts"
import type { Wire } from "../Wire.ts"
import { proposalOf } from "./negotiation.ts"

/** A connection that said something wrong first: it must end. Gives whether it was told why. */
const ends = (wire: Wire, what: string): Effect.Effect<boolean, Broken> =>
  Effect.gen(function* () {
    const reply = yield* wire.next
    if (reply === undefined) return false
    if (isGood(reply)) return yield* new Broken({ expected: `${what} to be refused`, found: "success" })
    yield* wire.ended
    return true
  })

/** All of these end a connection of their own, and the server takes the next one. */
const allEnd = (messages: ReadonlyArray<readonly [what: string, bytes: Uint8Array]>) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.leave
    const told: Array<boolean> = []
    for (const [what, bytes] of messages) {
      const wire = yield* bench.another
      wire.raw(bytes)
      told.push(yield* ends(wire, what))
    }
    const wire = yield* bench.anotherClient
    yield* bench.over(wire).lives
    return told.every(Boolean) ? "an error reply, then the end" : "the connection ends, not always with an error reply"
  })

const version = (payload?: Uint8Array): Uint8Array => encodeCommand(1, Command.VERSION, payload)

/** A message whose header says something of itself. */
const headed = (header: Partial<Header.Header>, payload: Uint8Array): Uint8Array => {
  const message = version(payload)
  const view = new DataView(message.buffer)
  Header.encodeHeader(view, 0, { ...Header.decodeHeader(view, 0), ...header })
  return message
}

const texts = (all: ReadonlyArray<string>) =>
  all.map((json) => [`VERSION with ${json}`, version(proposalOf(json))] as const)
const capability = (json: string): string => `{"capabilities":${json}}`

const sources = [textOf("VERSION"), library("lib/tran.c, tran_negotiate; test/py/test_negotiate.py")]

const parts = { sources, opening: "raw" } as const

export const proposals: ReadonlyArray<Clause> = [
  clause({
    ...parts,
    name: "version.first",
    rule: "another command before VERSION ends the connection",
    sources: [text("Connection Initiation"), ...sources],
    check: allEnd([
      ["DEVICE_GET_INFO first", encodeCommand(1, Command.DEVICE_GET_INFO, deviceInfo())],
      ["REGION_READ first", encodeCommand(1, Command.REGION_READ, read(0, 0, 4))],
      ["an unknown command first", encodeCommand(1, 999, deviceInfo())]
    ])
  }),
  clause({
    ...parts,
    name: "version.major",
    rule: "a major version that the server does not have ends the connection",
    check: allEnd([
      ["major 1", version(proposalOf("{}", { major: 1 }))],
      ["major 999", version(proposalOf("{}", { major: 999 }))]
    ])
  }),
  clause({
    ...parts,
    name: "version.short",
    rule: "a VERSION of fewer than 4 bytes ends the connection",
    check: allEnd([
      ["VERSION without a payload", version()],
      ["VERSION of 2 bytes", version(new Uint8Array(2))]
    ])
  }),
  clause({
    ...parts,
    name: "version.nul",
    rule: "text that no NUL ends, or that is no JSON, ends the connection",
    check: allEnd([
      ["text without a NUL", version(proposalOf("{}", { ended: false }))],
      ...texts(["{", '"', "", "null"])
    ])
  }),
  clause({
    ...parts,
    name: "version.types",
    rule: "a capability of another type than the protocol's ends the connection",
    check: allEnd(
      texts([
        capability('"23"'),
        capability("[]"),
        capability('{"max_msg_fds":"foo"}'),
        capability('{"max_msg_fds":-1}'),
        capability('{"max_msg_fds":1025}'),
        capability('{"max_data_xfer_size":"foo"}'),
        capability('{"migration":"23"}'),
        capability('{"migration":{"pgsize":"foo"}}'),
        capability('{"twin_socket":{"supported":1}}')
      ])
    )
  }),
  clause({
    ...parts,
    name: "version.pgsize",
    rule: "a migration page size that is no page size ends the connection",
    needs: ["migration"],
    check: allEnd(texts([capability('{"migration":{"pgsize":4095}}')]))
  }),
  clause({
    ...parts,
    name: "version.header",
    rule: "a first message that is no command or has no possible size ends the connection",
    sources: [text("Header"), ...sources],
    check: allEnd([
      ["a reply first", encodeReply(1, Command.VERSION, proposalOf("{}"))],
      ["size 15", headed({ size: 15 }, proposalOf("{}"))],
      ["size 2 GiB", headed({ size: 0x8000_0000 }, proposalOf("{}"))]
    ])
  }),
  clause({
    ...parts,
    name: "version.descriptors",
    rule: "descriptors with VERSION harm nothing",
    needs: ["descriptors"],
    check: (bench) =>
      Effect.gen(function* () {
        const { eventfd } = yield* bench.descriptors
        const { descriptor } = yield* bench.keep(eventfd)
        bench.wire.raw(version(proposalOf("{}")), [descriptor])
        const reply = yield* bench.wire.next
        yield* bench.leave
        yield* bench.over(yield* bench.anotherClient).lives
        return reply === undefined || !isGood(reply) ? "refused, as libvfio-user does" : "taken: the text says nothing"
      })
  })
]

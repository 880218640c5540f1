/** A group goes where all of it fits, on the least used host; if nothing fits every reason is there. */
import { assert, describe, it } from "@effect/vitest"
import { type Fleet, type FleetCommand, initial, locate, type Located, place, Places } from "@stopcopy/fleet"
import { Either, FastCheck } from "effect"
import { fitRefusals } from "../src/Fit.ts"
import { after, busy, hostCommands, pf, type PfOptions, sla, submit, twoHosts } from "./support.ts"

const devicesOf = (state: Fleet, host: string, ...names: ReadonlyArray<string>): ReadonlyArray<Located> => {
  const record = state.hosts.find(({ id }) => id === host)
  return record === undefined ? [] : names.flatMap((name) => locate(record, name) ?? [])
}

const placeIn = (state: Fleet, ...names: ReadonlyArray<string>) =>
  place(state, new Places(state), "alpha", devicesOf(state, "alpha", ...names), 0)

const targets = (state: Fleet, ...names: ReadonlyArray<string>): ReadonlyArray<string> | string =>
  Either.match(placeIn(state, ...names), {
    onLeft: (refusals) => refusals.map(({ code, where }) => `${code} ${where}`),
    onRight: ({ moves, to }) => moves.map(({ destination }) => `${to}:${destination}`)
  })

const alpha = (options: PfOptions = {}) => hostCommands("alpha", pf("pf0", { attached: busy, ...options }))

describe("Placement", () => {
  it("takes the host with the smallest part in use, then its least used PF, then the lowest number", () => {
    const state = after(
      initial,
      ...alpha(),
      ...hostCommands("beta", pf("pf0", { attached: (vf) => vf === 0 })),
      ...hostCommands(
        "gamma",
        pf("pf0", { vfs: 8, attached: (vf) => vf < 2 }),
        pf("pf1", { vfs: 8, attached: (vf) => vf === 0 })
      )
    )
    assert.deepStrictEqual(targets(state, "pf0/vf0"), ["gamma:pf1/vf1"])
  })

  it("spreads one after the other over hosts of one kind", () => {
    const names = ["beta", "delta", "gamma"]
    const state = after(
      initial,
      ...hostCommands("alpha", pf("pf0", { vfs: 9, attached: busy })),
      ...names.flatMap((name) => hostCommands(name, pf("pf0")))
    )
    const all = after(state, ...Array.from({ length: 9 }, (_, vf) => submit(vf)))
    for (const name of names) assert.strictEqual(all.migrations.filter(({ to }) => to === name).length, 3, name)
    assert.strictEqual(
      new Set(all.migrations.flatMap(({ moves, to }) => moves.map((move) => to + move.destination))).size,
      9
    )
  })

  it("a VF with an SLA fits the same number only, where the destination has the same SLA", () => {
    const slas = [sla(0), sla(2)]
    const limited = { rateLimiting: true, slas }
    const state = after(initial, ...alpha(limited), ...hostCommands("beta", pf("pf0", limited)))
    assert.deepStrictEqual(targets(state, "pf0/vf2"), ["beta:pf0/vf2"])
    const less = after(
      initial,
      ...alpha(limited),
      ...hostCommands("beta", pf("pf0", { rateLimiting: true, slas: [sla(0), sla(2, 99)] }))
    )
    assert.deepStrictEqual(targets(less, "pf0/vf2"), ["mstate.sla.cir beta:pf0/vf2 GENER/sla[0]"])
    const taken = after(
      initial,
      ...alpha(limited),
      ...hostCommands("beta", pf("pf0", { ...limited, attached: (vf) => vf === 2 }))
    )
    assert.deepStrictEqual(targets(taken, "pf0/vf2"), ["fleet.placement.number beta:pf0"])
  })

  it("gives a group a place for each device or none, whatever the order of the devices", () => {
    const limited = { rateLimiting: true, slas: [sla(0)] }
    const hard = { ...limited, attached: (vf: number) => vf > 1 }
    const state = after(initial, ...alpha(limited), ...hostCommands("beta", pf("pf0", hard)))
    // vf1 could have beta's VF 0 as well, but vf0 can have no other.
    assert.deepStrictEqual(targets(state, "pf0/vf1", "pf0/vf0"), ["beta:pf0/vf1", "beta:pf0/vf0"])
    assert.deepStrictEqual(targets(state, "pf0/vf1", "pf0/vf0", "pf0/vf2"), ["fleet.placement.full beta:pf0"])
    const shared = { rateLimiting: true, slas: [{ ...sla(0), ringPairMask: 0xffn }] }
    const two = after(
      initial,
      ...alpha(shared),
      ...hostCommands("beta", pf("pf0", { ...shared, attached: (vf) => vf === 1 }))
    )
    // The SLA of vf0 and vf1 names the ring pairs of both, so that each fits onto either; one of these is in use.
    assert.deepStrictEqual(targets(two, "pf0/vf0"), ["beta:pf0/vf0"])
    assert.deepStrictEqual(targets(two, "pf0/vf0", "pf0/vf1"), ["fleet.placement.together beta:pf0"])
  })

  it("names every reason of every host", () => {
    const state = after(
      initial,
      ...alpha({ gencap: 0xff }),
      ...hostCommands("beta", pf("pf0", { svcmap: 1 }), pf("pf1", { attached: busy, gencap: 0xff })),
      ...hostCommands("delta", pf("pf0")),
      { _tag: "NoteHealth", host: "delta", reachable: false, reason: "no route", at: 1 },
      { _tag: "RegisterHost", host: "eta", address: "/run/eta", at: 0 },
      { _tag: "NoteHealth", host: "eta", reachable: true, reason: "", at: 0 },
      ...hostCommands("gamma", pf("pf0", { gencap: 0xff })),
      { _tag: "Cordon", host: "gamma", pf: null, reason: "a fan", at: 1 }
    )
    assert.deepStrictEqual(targets(state, "pf0/vf0"), [
      "mstate.gencap.superset beta:pf0 CONFIG/gencap",
      "mstate.svcmap.equal beta:pf0 CONFIG/svcmap",
      "fleet.placement.full beta:pf1",
      "fleet.host.health delta",
      "fleet.host.empty eta",
      "fleet.host.cordoned gamma"
    ])
    assert.deepStrictEqual(targets(after(initial, ...alpha()), "pf0/vf0"), ["fleet.placement.host fleet"])
  })

  it("leaves alone what is cordoned, reserved, in a group, unbound, in ERROR or in use", () => {
    const beta = pf("pf0", { vfs: 6, attached: (vf) => vf === 0 })
    const vfs = beta.vfs.map((vf, number) => {
      if (number === 1) return { ...vf, lifecycle: "unbound" as const }
      return number === 2 ? { ...vf, state: "ERROR" as const } : vf
    })
    const group: FleetCommand = { _tag: "DefineGroup", group: "vm", host: "beta", devices: ["pf0/vf3"] }
    const state = after(initial, ...alpha(), ...hostCommands("beta", { ...beta, vfs }), group, submit(0))
    assert.deepStrictEqual(state.migrations[0]?.moves[0]?.destination, "pf0/vf4")
    assert.deepStrictEqual(targets(state, "pf0/vf1"), ["beta:pf0/vf5"])
    const cordoned = after(state, { _tag: "Cordon", host: "beta", pf: "pf0", reason: "x", at: 0 })
    assert.deepStrictEqual(targets(cordoned, "pf0/vf1"), ["fleet.placement.full beta:pf0"])
  })

  it("goes last to a host with an open circuit breaker", () => {
    const state = after(twoHosts, ...hostCommands("gamma", pf("pf0", { attached: (vf) => vf === 0 })))
    const breaker = {
      id: "alpha>beta",
      from: "alpha",
      to: "beta",
      failures: 5,
      lastReason: "x",
      opened: 1,
      until: 9,
      probe: null
    }
    assert.deepStrictEqual(targets(state, "pf0/vf0"), ["beta:pf0/vf0"])
    assert.deepStrictEqual(targets({ ...state, breakers: [breaker] }, "pf0/vf0"), ["gamma:pf0/vf1"])
  })

  const side = FastCheck.record({
    slas: FastCheck.uniqueArray(FastCheck.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    cir: FastCheck.constantFrom(50, 100),
    gencap: FastCheck.constantFrom(1, 3),
    used: FastCheck.uniqueArray(FastCheck.integer({ min: 0, max: 3 }), { maxLength: 3 })
  })

  it.prop(
    "finds a place exactly where trying everything finds one, and all of it fits",
    [
      side,
      FastCheck.array(side, { minLength: 1, maxLength: 2 }),
      FastCheck.uniqueArray(FastCheck.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })
    ],
    ([source, others, numbers]) => {
      const offers = ({ cir, gencap, slas }: typeof source) => ({
        gencap,
        rateLimiting: true,
        slas: slas.map((vf) => sla(vf, cir))
      })
      const state = after(
        initial,
        ...alpha(offers(source)),
        ...hostCommands(
          "beta",
          ...others.map((other, index) =>
            pf(`pf${index}`, { ...offers(other), attached: (vf) => other.used.includes(vf) })
          )
        )
      )
      const devices = devicesOf(state, "alpha", ...numbers.map((vf) => `pf0/vf${vf}`))
      const free = (state.hosts[1]?.pfs ?? []).flatMap(({ vfs }) => vfs.filter(({ attached }) => !attached))
      const places = devicesOf(state, "beta", ...free.map(({ name }) => name))
      const exists = (left: ReadonlyArray<Located>, taken: ReadonlySet<Located>): boolean => {
        const [first, ...rest] = left
        if (first === undefined) return true
        return places.some(
          (to) => !taken.has(to) && fitRefusals(first, to).length === 0 && exists(rest, new Set([...taken, to]))
        )
      }
      const found = placeIn(state, ...numbers.map((vf) => `pf0/vf${vf}`))
      assert.strictEqual(Either.isRight(found), exists(devices, new Set()))
      if (Either.isLeft(found)) return
      assert.strictEqual(new Set(found.right.moves.map(({ destination }) => destination)).size, numbers.length)
      for (const [index, { destination }] of found.right.moves.entries()) {
        const [device, target] = [devices[index], places.find(({ vf }) => vf.name === destination)]
        assert.isDefined(target)
        if (device !== undefined && target !== undefined) assert.deepStrictEqual(fitRefusals(device, target), [])
      }
    }
  )
})

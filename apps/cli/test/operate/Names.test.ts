/** How hosts, PFs and VFs are written on the command line. */
import { assert, it } from "@effect/vitest"
import { Either } from "effect"
import { parseDestination, parseDevices, parsePlace } from "../../src/operate/Names.ts"

const rightOf = <A, E>(either: Either.Either<A, E>): A | undefined => Either.getOrUndefined(either)
const wrong = <A>(either: Either.Either<A, { readonly message: string }>): string =>
  Either.isLeft(either) ? either.left.message : ""

it("a place is a host or a PF of one", () => {
  assert.deepStrictEqual(rightOf(parsePlace("alpha")), { host: "alpha", pf: undefined })
  assert.deepStrictEqual(rightOf(parsePlace("alpha/pf0")), { host: "alpha", pf: "pf0" })
  for (const text of ["", "/pf0", "alpha/", "alpha/pf0/vf1"])
    assert.include(wrong(parsePlace(text)), `'${text}' is neither`)
})

it("VFs are all of one host; what the host calls them may have slashes", () => {
  assert.deepStrictEqual(rightOf(parseDevices(["alpha/pf0/vf1", "alpha/0000:6b:00.2"])), {
    host: "alpha",
    devices: ["pf0/vf1", "0000:6b:00.2"]
  })
  assert.include(wrong(parseDevices(["alpha"])), "'alpha' is no VF: write HOST/VF")
  assert.include(wrong(parseDevices(["alpha/pf0/vf1", "beta/pf0/vf1"])), "VFs of alpha and of beta")
})

it("a destination is a host alone, or a VF of it for each device; none: the coordinator chooses", () => {
  assert.deepStrictEqual(rightOf(parseDestination(["beta"])), { host: "beta", devices: undefined })
  assert.deepStrictEqual(rightOf(parseDestination(["beta/pf0/vf5", "beta/pf0/vf6"])), {
    host: "beta",
    devices: ["pf0/vf5", "pf0/vf6"]
  })
  assert.isTrue(Either.isRight(parseDestination([])))
  assert.include(wrong(parseDestination(["beta", "gamma"])), "'beta' is no VF")
})

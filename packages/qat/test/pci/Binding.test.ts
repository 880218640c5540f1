/** A device in iommufd contexts and their address spaces. */
import { assert, it } from "@effect/vitest"
import { Binding } from "@stopcopy/qat"
import { Either } from "effect"

const spaces = new Set([3, 4])
const codeOf = <A>(
  answer: Either.Either<A, { readonly _tag: string; readonly refusal?: { readonly code: string } }>
) => (Either.isLeft(answer) ? `${answer.left._tag} ${answer.left.refusal?.code ?? ""}` : "none")
const bound: Binding.Binding = { context: 1, ioas: null }
const attached: Binding.Binding = { context: 1, ioas: 3 }

it("is bound once", () => {
  assert.deepStrictEqual(Either.getOrThrow(Binding.bind(Binding.unbound, 1)), bound)
  for (const context of [1, 2]) assert.strictEqual(codeOf(Binding.bind(bound, context)), "EINVAL iommufd.twice")
})

it("is attached to an address space that there is, and from one to another at once", () => {
  assert.deepStrictEqual(Either.getOrThrow(Binding.attachIoas(bound, 3, spaces)), attached)
  assert.deepStrictEqual(Either.getOrThrow(Binding.attachIoas(attached, 4, spaces)), { context: 1, ioas: 4 })
  assert.deepStrictEqual(Either.getOrThrow(Binding.attachIoas(attached, 3, spaces)), attached)
  assert.strictEqual(codeOf(Binding.attachIoas(attached, 5, spaces)), "ENOENT iommufd.ioas")
  assert.strictEqual(codeOf(Binding.attachIoas(bound, 3, new Set())), "ENOENT iommufd.ioas")
})

it("has no address space while it is not bound", () => {
  assert.strictEqual(codeOf(Binding.attachIoas(Binding.unbound, 3, spaces)), "EINVAL iommufd.bound")
  assert.strictEqual(codeOf(Binding.detachIoas(Binding.unbound)), "EINVAL iommufd.bound")
})

it("is detached, twice too, and unbound with whatever it is attached to", () => {
  assert.deepStrictEqual(Either.getOrThrow(Binding.detachIoas(attached)), bound)
  assert.deepStrictEqual(Either.getOrThrow(Binding.detachIoas(bound)), bound)
  assert.deepStrictEqual(Binding.unbind(), Binding.unbound)
})

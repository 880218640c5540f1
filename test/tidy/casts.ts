/** Rule: the type checker is never overruled: no cast, no `any`, no non-null assertion, no silenced error. */
import { roleOf, type Finding, type Source } from "./Source.ts"

/** Reports casts except `as const`, `any`, `!`, and compiler or linter errors that are silenced. */
export const casts = (source: Source): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const report = (node: { readonly start: number }, reason: string) => void findings.push(source.at(node.start, reason))
  source.visit({
    TSAsExpression: (node) => {
      const type = node.typeAnnotation
      const named = type.type === "TSTypeReference" && type.typeName.type === "Identifier" ? type.typeName.name : ""
      if (named !== "const") report(node, "no cast with `as`: narrow the value or decode it with a schema")
    },
    TSTypeAssertion: (node) => report(node, "no cast with `<T>`: narrow the value or decode it with a schema"),
    TSAnyKeyword: (node) => report(node, "no `any`: use `unknown` and narrow it, or name the type"),
    TSNonNullExpression: (node) => report(node, "no `!`: handle the missing value"),
    VariableDeclarator: (node) => {
      if (node.definite === true) report(node, "no `!` on a declaration: give it a value")
    },
    PropertyDefinition: (node) => {
      if (node.definite) report(node, "no `!` on a property: give it a value")
    }
  })
  for (const comment of source.comments) {
    const [, directive] = /^\s*(@ts-ignore|@ts-nocheck|@ts-expect-error)\b/.exec(comment.value) ?? []
    const allowed = directive === "@ts-expect-error" && roleOf(source.path) === "test"
    if (directive !== undefined && !allowed) report(comment, `no ${directive}: make the types right`)
    if (/^\s*(eslint|oxlint)-disable/.test(comment.value) && !comment.value.includes(" -- ")) {
      report(comment, "a silenced lint rule needs its reason after ` -- `")
    }
  }
  return findings
}

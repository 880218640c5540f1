/** Rule: a package's tsconfig references exactly the workspace packages that it depends on, and the root all of them. */
import { Schema } from "effect"
import { join } from "node:path/posix"
import type { Project } from "../tidy/Project.ts"
import type { Finding } from "../tidy/Source.ts"

const References = Schema.Struct({ references: Schema.Array(Schema.Struct({ path: Schema.String })) })
const decode = Schema.decodeSync(Schema.parseJson(References))

const referencesOf = (project: Project, path: string): ReadonlyArray<string> =>
  decode(project.texts.get(path) ?? '{"references":[]}').references.map((reference) => join(path, "..", reference.path))

const difference = (path: string, actual: ReadonlyArray<string>, expected: ReadonlyArray<string>) => [
  ...expected
    .filter((folder) => !actual.includes(folder))
    .map((folder): Finding => ({ path, line: 1, reason: `references lack ${folder}` })),
  ...actual
    .filter((folder) => !expected.includes(folder))
    .map((folder): Finding => ({ path, line: 1, reason: `references name ${folder}, which is no dependency` }))
]

/** Reports references that are missing or too many: `tsc -b` would build in a wrong order, or too much. */
export const referenceRule = (project: Project): ReadonlyArray<Finding> => {
  const packages = project.packages.filter(({ folder }) => folder !== "")
  const perPackage = packages.flatMap((pack) => {
    const names = Object.keys({ ...pack.dependencies, ...pack.optionalDependencies, ...pack.peerDependencies })
    const expected = packages.filter(({ name }) => names.includes(name)).map(({ folder }) => folder)
    const path = `${pack.folder}/tsconfig.json`
    return difference(path, referencesOf(project, path), expected)
  })
  const all = [...packages.map(({ folder }) => folder), "tsconfig.test.json"]
  return [...perPackage, ...difference("tsconfig.json", referencesOf(project, "tsconfig.json"), all)]
}

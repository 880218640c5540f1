/** Rule: files of a package do not import each other in a circle. Type imports count: a circle is one concept in two files. */
import type { Project } from "../tidy/Project.ts"
import type { Finding } from "../tidy/Source.ts"

interface Edge {
  readonly target: string
  readonly line: number
}

const edgesOf = (project: Project): ReadonlyMap<string, ReadonlyArray<Edge>> =>
  new Map(
    project.sources.map((source) => [
      source.path,
      source.imports.flatMap(({ line, specifier }) => {
        const target = specifier.startsWith(".") ? project.resolve(source.path, specifier) : undefined
        return target === undefined ? [] : [{ target, line }]
      })
    ])
  )

/** Reports each circle once, at the import that closes it, with the files on the way. */
export const cycleRule = (project: Project): ReadonlyArray<Finding> => {
  const edges = edgesOf(project)
  const done = new Set<string>()
  const findings: Array<Finding> = []
  const walk = (path: string, way: ReadonlyArray<string>) => {
    for (const { line, target } of edges.get(path) ?? []) {
      const start = way.indexOf(target)
      if (start >= 0) {
        const circle = [...way.slice(start), target].join(" -> ")
        findings.push({ path, line, reason: `an import circle: ${circle}` })
      } else if (!done.has(target)) {
        walk(target, [...way, target])
      }
    }
    done.add(path)
  }
  for (const path of edges.keys()) if (!done.has(path)) walk(path, [path])
  return findings
}

/** Rules over the whole project: no file and no export that nothing uses. */
import { exportedSources, type Project } from "./Project.ts"
import { roleOf, type Finding, type Source } from "./Source.ts"

/** Scripts that are run by name: from package.json and from `.ci/run`. */
const scripts = ["scripts/start.mjs", "scripts/tally.mjs"]

/** Everything that `entries` import, directly or not, and the entries themselves. */
const reachable = (project: Project, entries: ReadonlyArray<string>): ReadonlySet<string> => {
  const byPath = new Map(project.sources.map((source) => [source.path, source]))
  const seen = new Set<string>()
  const waiting = [...entries]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const { specifier } of byPath.get(path)?.imports ?? []) {
      const target = project.resolve(path, specifier)
      if (target !== undefined) waiting.push(target)
    }
  }
  return seen
}

const isProduct = (path: string): boolean => roleOf(path) === "src" || roleOf(path) === "script"

/** Files that something outside the sources starts: a tool, a person, or an importer of the package. */
const isEntry = (project: Project, path: string): boolean =>
  /\/src\/main\.tsx?$|\.(test|soak|screens)\.ts$/.test(path) ||
  ["bench", "config"].includes(roleOf(path)) ||
  scripts.includes(path) ||
  project.packages.some((pack) => exportedSources(pack).includes(path))

/** Reports sources that no package export or `main.ts` leads to, and test support that no test leads to. */
export const deadFiles = (project: Project): ReadonlyArray<Finding> => {
  const entries = project.sources.map(({ path }) => path).filter((path) => isEntry(project, path))
  const alive = reachable(project, entries)
  // What only a test needs is not part of the product.
  const shipped = reachable(project, entries.filter(isProduct))
  return project.sources
    .filter(({ path }) => !(isProduct(path) ? shipped : alive).has(path))
    .map(({ path }) => ({
      path,
      line: 1,
      reason: isProduct(path)
        ? "a dead file: no package export, main.ts or script leads to it"
        : "a dead file: no test leads to it"
    }))
}

/** The names that other files take of each file; `*` stands for all of them. */
const takenNames = (project: Project): ReadonlyMap<string, ReadonlySet<string>> => {
  const taken = new Map<string, Set<string>>()
  for (const source of project.sources) {
    for (const used of source.imports) {
      const target = project.resolve(source.path, used.specifier)
      if (target === undefined) continue
      const names = taken.get(target) ?? new Set<string>()
      for (const one of used.taken) names.add(one._tag === "All" ? "*" : one.name)
      taken.set(target, names)
    }
  }
  return taken
}

const deadIn = (source: Source, taken: ReadonlySet<string>): ReadonlyArray<Finding> =>
  taken.has("*")
    ? []
    : source.exports
        .filter(({ name }) => !taken.has(name))
        .map(({ line, name }) => ({ path: source.path, line, reason: `a dead export: nothing uses ${name}` }))

/** Reports exports that no other file takes and no package offers. */
export const deadExports = (project: Project): ReadonlyArray<Finding> => {
  const offered = new Set(project.packages.flatMap(exportedSources))
  const taken = takenNames(project)
  return project.sources
    .filter(({ path }) => !offered.has(path) && roleOf(path) !== "config")
    .flatMap((source) => deadIn(source, taken.get(source.path) ?? new Set()))
}

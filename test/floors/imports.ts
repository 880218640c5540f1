/** Rules on what a package may import: floors, its own folder, declared dependencies, Node's own modules. */
import { builtinModules } from "node:module"
import { join } from "node:path/posix"
import { external } from "../../scripts/bundle.mjs"
import { appFloor, bundleHome, floors, nodeModules } from "../floors.ts"
import { packageName, type Package, type Project } from "../tidy/Project.ts"
import { roleOf, type Finding, type Source } from "../tidy/Source.ts"

/** Reports packages without a floor, and imports from the same floor or one above. */
export const floorRule = (project: Project): ReadonlyArray<Finding> => {
  const missing = project.packages
    .filter(({ folder }) => folder !== "" && floors[folder] === undefined)
    .map(({ folder }) => ({ path: `${folder}/package.json`, line: 1, reason: "no floor in test/floors.ts" }))
  const climbing = project.sources.flatMap((source) => {
    const pack = project.packageOf(source.path)
    return source.imports.flatMap(({ line, specifier }) => {
      const target = project.packages.find(({ name }) => name === packageName(specifier))
      if (pack === undefined || target === undefined || target.folder === pack.folder) return []
      const [own, other] = [floors[pack.folder] ?? 0, floors[target.folder] ?? 0]
      const reason = `${pack.name} (floor ${own}) may not import ${target.name} (floor ${other})`
      return other < own ? [] : [{ path: source.path, line, reason }]
    })
  })
  return [...missing, ...climbing]
}

/** Reports relative imports that leave the package: other packages are imported by name. */
export const borderRule = (project: Project): ReadonlyArray<Finding> =>
  project.sources.flatMap((source) => {
    const folder = project.packageOf(source.path)?.folder
    if (folder === undefined) return []
    return source.imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .filter(({ specifier }) => !join(source.path, "..", specifier).startsWith(`${folder}/`))
      .map(({ line, specifier }) => ({ path: source.path, line, reason: `${specifier} leaves the package` }))
  })

const builtins = new Set(builtinModules)
const isNode = (specifier: string): boolean => specifier.startsWith("node:") || builtins.has(packageName(specifier))

/** Reports Node's own modules below the apps, outside the modules whose job they are. */
export const nodeRule = (project: Project): ReadonlyArray<Finding> =>
  project.sources.flatMap((source) => {
    const pack = project.packageOf(source.path)
    if (pack === undefined || roleOf(source.path) !== "src" || floors[pack.folder] === appFloor) return []
    if (nodeModules.some(({ path }) => path.test(source.path))) return []
    return source.imports
      .filter(({ specifier }) => isNode(specifier))
      .map(({ line, specifier }) => ({
        path: source.path,
        line,
        reason: `${specifier} does not exist in a browser; allowed modules are listed in test/floors.ts`
      }))
  })

/** The packages that files import by name, with the first place of each. */
const usedPackages = (sources: ReadonlyArray<Source>): ReadonlyMap<string, Finding> => {
  const used = new Map<string, Finding>()
  for (const source of sources) {
    for (const { line, specifier } of source.imports) {
      if (specifier.startsWith(".") || isNode(specifier)) continue
      const name = packageName(specifier)
      if (!used.has(name)) used.set(name, { path: source.path, line, reason: `${name} is not declared` })
    }
  }
  return used
}

const undeclared = (used: ReadonlyMap<string, Finding>, declared: ReadonlySet<string>): ReadonlyArray<Finding> =>
  [...used].filter(([name]) => !declared.has(name)).map(([, finding]) => finding)

/** The names in `used` and, with them, everything that they want their user to install beside them (peers). */
const withPeers = (project: Project, pack: Package, used: Iterable<string>): ReadonlySet<string> => {
  const all = new Set(used)
  // A set also iterates over what is added on the way.
  for (const name of all) for (const peer of project.peersOf(pack, name)) all.add(peer)
  return all
}

/** What `pack` declares but neither its sources nor (for development) its tests import. */
const unused = (
  project: Project,
  pack: Package,
  inSources: ReadonlyMap<string, Finding>,
  inTests: ReadonlyMap<string, Finding>
): ReadonlyArray<Finding> => {
  // An app declares what its bundle leaves outside: it resolves from the folder of the bundle. So does the package of all other bundles.
  const bundles = floors[pack.folder] === appFloor || pack.folder === bundleHome
  const bundled = bundles ? external : []
  const shippedUses = withPeers(project, pack, [...inSources.keys(), ...bundled])
  const testUses = withPeers(project, pack, inTests.keys())
  const shipped = Object.keys({ ...pack.dependencies, ...pack.optionalDependencies, ...pack.peerDependencies })
  const dead = [
    ...shipped.filter((name) => !shippedUses.has(name)),
    ...Object.keys(pack.devDependencies).filter((name) => !testUses.has(name))
  ]
  const path = join(pack.folder, "package.json")
  return dead.map((name) => ({ path, line: 1, reason: `${name} is declared but not imported` }))
}

/**
 * Reports imports that the package does not declare, and declared packages that it does not import. Sources count for
 * dependencies, tests and benchmarks for devDependencies; the root's devDependencies serve every test.
 */
export const dependencyRule = (project: Project): ReadonlyArray<Finding> => {
  const shared = Object.keys(project.packages.find(({ folder }) => folder === "")?.devDependencies ?? {})
  return project.packages.flatMap((pack) => {
    if (pack.folder === "") return []
    const own = project.sources.filter(({ path }) => path.startsWith(`${pack.folder}/`))
    const inSources = usedPackages(own.filter(({ path }) => roleOf(path) === "src"))
    const inTests = usedPackages(own.filter(({ path }) => roleOf(path) !== "src"))
    const shipped = Object.keys({ ...pack.dependencies, ...pack.optionalDependencies, ...pack.peerDependencies })
    const forTests = [pack.name, ...shipped, ...Object.keys(pack.devDependencies), ...shared]
    return [
      ...undeclared(inSources, new Set(shipped)),
      ...undeclared(inTests, new Set(forTests)),
      ...unused(project, pack, inSources, inTests)
    ]
  })
}

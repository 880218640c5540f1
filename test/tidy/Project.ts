/** All files of the project as the rules see them: sources, package.json files, and how an import finds its file. */
import { Schema } from "effect"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path/posix"
import { fileURLToPath } from "node:url"
import { parse, type Source } from "./Source.ts"

const versions = Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
  default: () => ({})
})
const conditions = Schema.Record({ key: Schema.String, value: Schema.String })

/** What the rules read of a package.json. */
const Manifest = Schema.Struct({
  name: Schema.String,
  exports: Schema.optionalWith(Schema.Record({ key: Schema.String, value: conditions }), { default: () => ({}) }),
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  peerDependencies: versions
})
const decodePeers = Schema.decodeSync(Schema.parseJson(Manifest.pick("peerDependencies")))
const decodeManifest = Schema.decodeSync(Schema.parseJson(Manifest))

export interface Package extends Schema.Schema.Type<typeof Manifest> {
  /** Relative to the root; empty for the root itself. */
  readonly folder: string
}

export interface Project {
  /** Every text file by its path. */
  readonly texts: ReadonlyMap<string, string>
  readonly sources: ReadonlyArray<Source>
  readonly packages: ReadonlyArray<Package>
  /** The file that an import means; undefined if it means a package from outside or one of Node's modules. */
  readonly resolve: (from: string, specifier: string) => string | undefined
  /** The package whose folder holds `path`. */
  readonly packageOf: (path: string) => Package | undefined
  /** The peer dependencies of an installed dependency of `pack`; none if it is not installed. */
  readonly peersOf: (pack: Package, dependency: string) => ReadonlyArray<string>
}

/** The condition under which our packages export their sources. */
const sourceCondition = "@stopcopy/source"

/** The source files that a package exports, relative to the root. */
export const exportedSources = (pack: Package): ReadonlyArray<string> =>
  Object.values(pack.exports).flatMap((entry) => {
    const path = entry[sourceCondition]
    return path === undefined ? [] : [join(pack.folder, path)]
  })

/** The package that a bare specifier names: `@scope/name` or `name`, without the path inside. */
export const packageName = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

const resolver =
  (packages: ReadonlyArray<Package>) =>
  (from: string, specifier: string): string | undefined => {
    if (specifier.startsWith(".")) return join(dirname(from), specifier)
    const name = packageName(specifier)
    const pack = packages.find((candidate) => candidate.name === name)
    const path = pack?.exports[`.${specifier.slice(name.length)}`]?.[sourceCondition]
    return pack === undefined || path === undefined ? undefined : join(pack.folder, path)
  }

/** A project made of files by path: the real one, or a small bad one that proves that a rule can fail. */
export const makeProject = (
  files: Readonly<Record<string, string>>,
  peersOf: Project["peersOf"] = () => []
): Project => {
  const texts = new Map(Object.entries(files))
  const packages = [...texts].flatMap(([path, text]) =>
    /^((packages|apps|examples)\/[^/]+\/)?package\.json$/.test(path)
      ? [{ ...decodeManifest(text), folder: path === "package.json" ? "" : dirname(path) }]
      : []
  )
  return {
    texts,
    sources: [...texts].filter(([path]) => /\.(tsx?|mjs)$/.test(path)).map(([path, text]) => parse(path, text)),
    packages,
    resolve: resolver(packages),
    packageOf: (path) => packages.find(({ folder }) => folder !== "" && path.startsWith(`${folder}/`)),
    peersOf
  }
}

/** The project's root folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")

/** Folders that hold no file of ours, for a tree that git does not know. */
const foreign = new Set(["node_modules", "dist", ".cache", ".git", "coverage"])

/** What git tracks or would track; undefined without git or outside a clone. */
const listWithGit = (): ReadonlyArray<string> | undefined => {
  const { status, stdout } = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8"
  })
  return status === 0 ? stdout.split("\0").filter((path) => path !== "") : undefined
}

const listByWalking = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : listByWalking(join(folder, entry.name))
    return entry.isFile() ? [join(folder, entry.name)] : []
  })

/** Files whose text the rules read; vectors are data and the lockfile is a tool's. */
const isText = (path: string): boolean =>
  (/\.(tsx?|mjs|md|json|ya?ml|html|css)$/.test(path) || path === ".ci/run") &&
  path !== "pnpm-lock.yaml" &&
  !path.startsWith("packages/vectors/data/")

const installedPeers: Project["peersOf"] = (pack, dependency) => {
  const path = join(root, pack.folder, "node_modules", dependency, "package.json")
  return existsSync(path) ? Object.keys(decodePeers(readFileSync(path, "utf8")).peerDependencies) : []
}

/** Reads the project from disk: what git tracks and what it does not ignore. */
export const readProject = (): Project => {
  const listed = listWithGit() ?? listByWalking("")
  // A file that is deleted but still in git's index is gone.
  const paths = listed.filter((path) => isText(path) && existsSync(join(root, path))).toSorted()
  return makeProject(
    Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")])),
    installedPeers
  )
}

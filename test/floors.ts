/** The floors of `docs/architecture.md` as data: a package imports only from packages on floors below its own. */

/** Every package and app by its folder. One that is missing here fails the check. */
export const floors: Readonly<Record<string, number>> = {
  "packages/errno": 1,
  "packages/workbench": 1,
  "packages/vfio": 2,
  "packages/runtime": 2,
  "packages/service": 2,
  "packages/qat": 3,
  "packages/vfio-user": 3,
  "packages/agent": 3,
  "packages/migration": 4,
  "packages/fleet": 4,
  "packages/vmm": 4,
  "packages/vectors": 4,
  "packages/debugger": 5,
  "packages/simulation": 5,
  "packages/coordinator-api": 5,
  "apps/emulator": 6,
  "apps/coordinator": 6,
  "apps/cli": 6,
  "apps/console": 6,
  "examples/custom-vmm": 6
}

/** The floor of the apps: they may use Node as they like. */
export const appFloor = 6

/** Modules below the apps that may import Node's own modules, because that is their job. */
export const nodeModules: ReadonlyArray<{ readonly path: RegExp; readonly reason: string }> = [
  {
    path: /^packages\/runtime\/src\/sqlite(\/|\.ts$)/,
    reason: "drivers of SQLite, offered as @stopcopy/runtime/sqlite"
  },
  {
    path: /^packages\/runtime\/src\/postgres(\/|\.ts$)/,
    reason: "buffers for PostgreSQL, offered as @stopcopy/runtime/postgres"
  },
  {
    path: /^packages\/runtime\/src\/internal\/nativeSha256\.ts$/,
    reason: "hashes for the layers of the journal that are Node's"
  },
  {
    path: /^packages\/runtime\/src\/tape(\/|s\.ts$)/,
    reason: "tapes in files, offered as @stopcopy/runtime/tapes"
  },
  {
    path: /^packages\/runtime\/src\/spool\//,
    reason: "the spool of a journal in a file, part of @stopcopy/runtime/sqlite"
  },
  {
    path: /^packages\/qat\/src\/engine(\/|\.ts$)/,
    reason: "crypto and compression behind the rings, offered as @stopcopy/qat/engine"
  },
  {
    path: /^packages\/vfio-user\/src\/transport(\/|\.ts$)/,
    reason: "UNIX sockets, offered as @stopcopy/vfio-user/transport"
  },
  {
    path: /^packages\/vmm\/src\/node(\/|\.ts$)/,
    reason: "crypto and compression that check answers, offered as @stopcopy/vmm/node"
  },
  {
    path: /^packages\/agent\/src\/(server|client|options)(\/|\.ts$)/,
    reason:
      "HTTP on TCP and UNIX sockets, and files of tokens and certificates: @stopcopy/agent/server, /client and /options"
  },
  {
    path: /^packages\/service\/src\/(listen|process)(\/|\.ts$)/,
    reason: "listening sockets, signals, files and exit codes of processes"
  },
  { path: /^packages\/vectors\/src\//, reason: "a command line tool that reads vector files" },
  { path: /^packages\/workbench\/src\//, reason: "what tests and benchmarks share: processes and files" }
]

/** Packages that are no library: nobody imports them in a browser. */
export const tools: ReadonlyArray<string> = ["packages/vectors", "packages/workbench"]

/** Where the scripts of tests and benchmarks are bundled: it has the native modules that these leave outside. */
export const bundleHome = "packages/workbench"

/** What things are called: VFs after their PF, sockets after both. */
import { join } from "node:path"

/** `a/vf0`: also the id of its actors, so that its streams are `vf/a/vf0` and `pci/a/vf0`. */
export const vfName = (pf: string, vf: number): string => `${pf}/vf${vf}`

/** The folder of a PF's sockets. */
export const socketFolder = (socketDir: string, pf: string): string => join(socketDir, pf)

export const socketPath = (socketDir: string, pf: string, vf: number): string =>
  join(socketFolder(socketDir, pf), `vf${vf}.sock`)

/** The sockets of all VFs of a PF. */
export const socketPaths = (socketDir: string, { name, vfs }: { readonly name: string; readonly vfs: number }) =>
  Array.from({ length: vfs }, (_, vf) => socketPath(socketDir, name, vf))

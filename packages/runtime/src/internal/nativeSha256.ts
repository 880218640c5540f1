/** SHA-256 of Node: for the layers of the journal that run nowhere else. */
import { hash } from "node:crypto"
import { hashBytes } from "../Chain.ts"
import type { Sha256 } from "../Chain.ts"

/** A digest as Latin-1 text takes less than half of the time of one as bytes. */
export const nativeSha256: Sha256 = (bytes, into) => {
  const text = hash("sha256", bytes, "binary")
  const digest = into ?? new Uint8Array(hashBytes)
  for (let index = 0; index < hashBytes; index++) digest[index] = text.charCodeAt(index)
  return digest
}

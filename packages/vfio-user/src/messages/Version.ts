/**
 * VERSION, proposal and answer alike. Source: QEMU `docs/interop/vfio-user.rst`, "Version". Little endian: 0 u16 `major`, 2 u16 `minor`, 4 the
 * capabilities as JSON text in UTF-8 (`Capabilities.ts`), ended by one NUL; no text at all means all defaults.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { firstJson } from "../internal/firstJson.ts"
import { refuse, U16, viewOf } from "../internal/words.ts"
import * as Capabilities from "./Capabilities.ts"

/** Size without capabilities, in bytes. */
export const headBytes = 4

export const Version = Schema.Struct({ major: U16, minor: U16, capabilities: Capabilities.Capabilities })
export type Version = typeof Version.Type

/**
 * Reads a payload. `EINVAL` for fewer than 4 bytes, a last byte that is not NUL, no JSON, and capabilities that `Capabilities.decode` refuses. Text behind
 * the first JSON value is ignored.
 */
export const decode = (payload: Uint8Array): Either.Either<Version, EINVAL> =>
  Either.flatMap(viewOf(payload, headBytes, "VERSION"), (view) =>
    Either.map(decodeText(payload.subarray(headBytes)), (capabilities) => ({
      major: view.getUint16(0, true),
      minor: view.getUint16(2, true),
      capabilities
    }))
  )

const decodeText = (text: Uint8Array): Either.Either<Capabilities.Capabilities, EINVAL> => {
  if (text.byteLength === 0) return Either.right({})
  if (text[text.byteLength - 1] !== 0) return Either.left(badText("no NUL at the end", "one NUL at the end"))
  const json = firstJson(new TextDecoder().decode(text.subarray(0, text.indexOf(0))))
  return json === undefined ? Either.left(badText("no JSON", "a JSON object")) : Capabilities.decode(json)
}

const badText = (source: string, destination: string): EINVAL =>
  refuse(
    "version.text",
    "capabilities are JSON that a NUL ends",
    "VERSION",
    source,
    destination,
    "send a JSON object and a NUL, or nothing"
  )

/** Writes a fresh payload, always with a text. */
export const encode = ({ capabilities, major, minor }: Version): Uint8Array<ArrayBuffer> => {
  const text = new TextEncoder().encode(Capabilities.encode(capabilities))
  const payload = new Uint8Array(headBytes + text.byteLength + 1)
  const view = new DataView(payload.buffer)
  view.setUint16(0, major, true)
  view.setUint16(2, minor, true)
  payload.set(text, headBytes)
  return payload
}

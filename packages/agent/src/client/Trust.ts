/**
 * Which server a client believes over TLS: one whose certificate an authority of Node or one that is named has signed for the name in the address, or
 * the one server with a certificate that is known.
 */
import Undici from "@effect/platform-node/Undici"
import { Data } from "effect"
import { TLSSocket } from "node:tls"
import { type Address, isLocal, isSecure } from "../Address.ts"

/** Left out: the authorities that Node knows. */
export type Trust =
  /** PEM: the authorities that count, and no other. */
  | { readonly ca: string }
  /** SHA-256 of the server's certificate in hexadecimal, with or without colons. Its name, authority and dates do not count then. */
  | { readonly fingerprint: string }

/** A fingerprint as it is compared; undefined: it is none. */
export const normalFingerprint = (text: string): string | undefined => {
  const digits = text.replaceAll(":", "").toUpperCase()
  return /^[0-9A-F]{64}$/.test(digits) ? digits : undefined
}

/** The server has another certificate than the one that is known. */
class OtherCertificate extends Data.TaggedError("OtherCertificate")<{ readonly fingerprint: string }> {
  override get message(): string {
    return `its certificate has the fingerprint ${this.fingerprint}`
  }
}

const verifyCodes =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.+|CERT_.+|CRL_.+|ERR_TLS_CERT_.+|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)$/

const codeOf = (error: Error): string => ("code" in error && typeof error.code === "string" ? error.code : "")

/** Whether an error says that the server is not believed. */
export const isDistrust = (error: Error): boolean =>
  error instanceof OtherCertificate || verifyCodes.test(codeOf(error))

/** What an error of the connection most often means, in words to be put behind it. */
export const hintOf = (address: Address, error: Error): string => {
  const code = codeOf(error)
  if (isSecure(address) && code.startsWith("ERR_SSL_")) return "does it speak TLS, or is it http://?"
  const isCut = code === "UND_ERR_SOCKET" || code === "ECONNRESET"
  return address._tag === "Tcp" && !isSecure(address) && isCut
    ? "is the host running there, and is it https://?"
    : "is the host running there?"
}

const known = (fingerprint: string, timeout: number): Undici.buildConnector.connector => {
  // The certificate is looked at below instead; a session that is resumed might not show it.
  const connect = Undici.buildConnector({ timeout, rejectUnauthorized: false, maxCachedSessions: 0 })
  return (options, callback) =>
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null)
      const found = socket instanceof TLSSocket ? (socket.getPeerX509Certificate()?.fingerprint256 ?? "none") : "none"
      if (normalFingerprint(found) === normalFingerprint(fingerprint)) return callback(null, socket)
      socket.destroy()
      return callback(new OtherCertificate({ fingerprint: found }), null)
    })
}

/** How connections are made: for `Undici.Agent`. `timeout` in milliseconds. */
export const connectorOf = (
  address: Address,
  trust: Trust | undefined,
  timeout: number
): Undici.buildConnector.BuildOptions | Undici.buildConnector.connector => {
  if (address._tag === "Unix") return { timeout, socketPath: address.path }
  if (!isSecure(address) || trust === undefined) return { timeout }
  return "ca" in trust ? { timeout, ca: trust.ca } : known(trust.fingerprint, timeout)
}

/** Whether a token would cross where others can read it. */
export const isExposed = (address: Address, token: string | undefined): boolean =>
  token !== undefined && !isSecure(address) && !isLocal(address)

/** What a server proves with that it is who it says it is: a certificate and its private key. */
import { Either } from "effect"
import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"

/** Both PEM. Certificates of authorities in between may follow the server's own. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** The fingerprint of the server's certificate, by which a client may know it: SHA-256, in hexadecimal. Left: why the two cannot be used. */
export const fingerprintOf = ({ cert, key }: ServerCertificate): Either.Either<string, string> =>
  Either.try({
    try: () => {
      createSecureContext({ cert, key })
      return new X509Certificate(cert).fingerprint256
    },
    catch: messageOf
  })

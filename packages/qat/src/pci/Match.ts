/**
 * The name that a user opens a device by: `0000:6b:00.1`, with an optional VF token behind it. Source: `vfio_pci_core_match`,
 * `vfio_pci_validate_vf_token` of `drivers/vfio/pci/vfio_pci_core.c`.
 *
 * A token is what a VF asks for whose PF is driven by vfio-pci. The PF of a QAT VF is driven by its own driver (else the probe is `ENODEV`), so a token
 * is one too many: `EINVAL`, and `EACCES` never comes about.
 */
import { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { because } from "../Refusals.ts"

const tokenArgument = "vf_token="
/** Length of a UUID as text. */
const uuidLength = 36
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const refused = (code: string, rule: string, source: string, destination: string, remedy: string) =>
  Either.left(new EINVAL(because(code, rule, "device name", source, destination, remedy)))

const badOption = (found: string) =>
  refused("match.option", "a name has at most one option", found, "vf_token=UUID, once", "leave the rest out")

const badToken = (found: string) =>
  refused("match.token", "a VF token is a UUID", found, "8-4-4-4-12 hexadecimal digits", "use the token as it was set")

const needlessToken = (token: string) =>
  refused(
    "match.token.needless",
    "a token belongs to a PF that vfio-pci drives",
    token,
    "a PF that has its own driver",
    "open the VF without a token"
  )

/** Whether `text` names the device called `name`. `EINVAL` for a name with options that the device does not take. */
export const match = (name: string, text: string): Either.Either<boolean, EINVAL> => {
  if (!text.startsWith(name)) return Either.right(false)
  let rest = text.slice(name.length)
  if (rest !== "" && !rest.startsWith(" ")) return Either.right(false)
  let token: string | undefined
  for (rest = rest.trimStart(); rest !== ""; rest = rest.trimStart()) {
    if (token !== undefined || !rest.startsWith(tokenArgument)) return badOption(rest)
    token = rest.slice(tokenArgument.length, tokenArgument.length + uuidLength)
    if (!uuid.test(token)) return badToken(token)
    rest = rest.slice(tokenArgument.length + uuidLength)
  }
  return token === undefined ? Either.right(true) : needlessToken(token)
}

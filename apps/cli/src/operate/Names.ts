/** How hosts, PFs and VFs are written: `HOST`, `HOST/PF`, `HOST/VF` as in `alpha/pf0/vf1`. What a host calls a VF stands behind its own name. */
import { Array as Arrays, Either } from "effect"
import { Misuse } from "../Outcome.ts"

/** A host, or one of its PFs. */
export interface Place {
  readonly host: string
  readonly pf: string | undefined
}

/** VFs of one host. */
interface Located {
  readonly host: string
  readonly devices: Arrays.NonEmptyReadonlyArray<string>
}

const split = (text: string): readonly [host: string, rest: string | undefined] => {
  const slash = text.indexOf("/")
  return slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)]
}

const wrong = (message: string) => Either.left(new Misuse({ message }))

/** `HOST` or `HOST/PF`. */
export const parsePlace = (text: string): Either.Either<Place, Misuse> => {
  const [host, pf] = split(text)
  return host === "" || pf === "" || (pf?.includes("/") ?? false)
    ? wrong(`'${text}' is neither a host nor a PF: write HOST or HOST/PF, such as alpha or alpha/pf0`)
    : Either.right({ host, pf })
}

/** The text of a place. */
export const placeText = ({ host, pf }: { readonly host: string; readonly pf?: string | null | undefined }): string =>
  pf === undefined || pf === null ? host : `${host}/${pf}`

/** `HOST/VF`, one or more, all of one host. */
export const parseDevices = (texts: ReadonlyArray<string>): Either.Either<Located, Misuse> => {
  const parts = texts.map(split)
  const bad = parts.findIndex(([host, device]) => host === "" || device === undefined || device === "")
  if (bad >= 0) return wrong(`'${texts[bad] ?? ""}' is no VF: write HOST/VF, such as alpha/pf0/vf1`)
  const devices = parts.map(([, device = ""]) => device)
  const [host = ""] = parts[0] ?? []
  const other = parts.find(([name]) => name !== host)?.[0]
  if (other !== undefined)
    return wrong(`VFs of ${host} and of ${other}: a virtual machine is on one host, name VFs of one`)
  return Arrays.isNonEmptyReadonlyArray(devices)
    ? Either.right({ host, devices })
    : wrong("name a VF: HOST/VF, such as alpha/pf0/vf1")
}

/** Where a group goes: `HOST`, or a `HOST/VF` for each device in their order; undefined where the coordinator chooses. */
export const parseDestination = (
  texts: ReadonlyArray<string>
): Either.Either<{ readonly host: string; readonly devices: Located["devices"] | undefined } | undefined, Misuse> => {
  const [first] = texts
  if (first === undefined) return Either.right(undefined)
  if (texts.length === 1 && !first.includes("/") && first !== "")
    return Either.right({ host: first, devices: undefined })
  return parseDevices(texts)
}

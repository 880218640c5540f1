/** `--device NAME=SOCKET[,free][,keeps-state][,verify=loaded]`: a bare vfio-user socket, and what is known of it beside the protocol. */
import { type Problem, problem } from "@stopcopy/service"
import { Either } from "effect"

export interface BareDevice {
  readonly name: string
  readonly socket: string
  readonly free: boolean
  readonly keepsState: boolean
  readonly verify: "carried" | "loaded"
}

const known = "free, keeps-state, verify=carried, verify=loaded"
const nameText = /^[A-Za-z0-9][A-Za-z0-9._/:-]*$/

type Read<A> = Either.Either<A, ReadonlyArray<Problem>>

/** One option. A socket's path has no comma here. */
const parse = (text: string): Read<BareDevice> => {
  const where = `--device ${text}`
  const [named = "", ...words] = text.split(",")
  const cut = named.indexOf("=")
  const [name, socket] = cut < 0 ? ["", ""] : [named.slice(0, cut), named.slice(cut + 1)]
  const problems: Array<Problem> = []
  if (!nameText.test(name) || socket === "")
    problems.push(problem(where, "is no device; write NAME=SOCKET, such as nic0=/run/nic0.sock"))
  const isKnown = (word: string) => known.split(", ").includes(word)
  for (const word of words.filter((each) => !isKnown(each))) {
    problems.push(problem(where, `'${word}' says nothing of a device; there are ${known}`))
  }
  if (problems.length > 0) return Either.left(problems)
  const verify = words.includes("verify=loaded") ? "loaded" : "carried"
  return Either.right({ name, socket, verify, free: words.includes("free"), keepsState: words.includes("keeps-state") })
}

/** All of them, or everything that is wrong with them. Each name and each socket is there once. */
export const parseDevices = (texts: ReadonlyArray<string>): Read<ReadonlyArray<BareDevice>> => {
  if (texts.length === 0) return Either.left([problem("--device", "is missing; give one for each socket: NAME=SOCKET")])
  const read = texts.map(parse)
  const devices = read.flatMap((one) => (Either.isRight(one) ? [one.right] : []))
  const twice = (key: "name" | "socket"): ReadonlyArray<Problem> =>
    devices
      .filter((device, at) => devices.findIndex((other) => other[key] === device[key]) < at)
      .map((device) =>
        problem(`--device ${device.name}=${device.socket}`, `the ${key} is there twice; name each device once`)
      )
  const problems = [
    ...read.flatMap((one) => (Either.isLeft(one) ? one.left : [])),
    ...twice("name"),
    ...twice("socket")
  ]
  return problems.length === 0 ? Either.right(devices) : Either.left(problems)
}

/** `--device NAME=SOCKET[,guest=PATH][,free][,keeps-state][,verify=loaded]`: a bare vfio-user socket, and what is known of it beside the protocol. */
import { type Problem, problem } from "@stopcopy/service"
import { Either } from "effect"

export interface BareDevice {
  readonly name: string
  readonly socket: string
  /** Where the guest's VMM connects. None: no VMM beside the agent. */
  readonly guest: string | undefined
  readonly free: boolean
  readonly keepsState: boolean
  readonly verify: "carried" | "loaded"
}

const plain = ["free", "keeps-state", "verify=carried", "verify=loaded"]
const known = ["guest=PATH", ...plain].join(", ")
const guestWord = "guest="
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
  const guests = words.filter((word) => word.startsWith(guestWord)).map((word) => word.slice(guestWord.length))
  for (const word of words.filter((each) => !plain.includes(each) && !each.startsWith(guestWord))) {
    problems.push(problem(where, `'${word}' says nothing of a device; there are ${known}`))
  }
  if (guests.length > 1 || guests.includes(""))
    problems.push(problem(where, "guest= takes one path, such as guest=/run/nic0.vmm"))
  if (problems.length > 0) return Either.left(problems)
  const verify = words.includes("verify=loaded") ? "loaded" : "carried"
  const [free, keepsState] = [words.includes("free"), words.includes("keeps-state")]
  return Either.right({ name, socket, guest: guests[0], verify, free, keepsState })
}

/** Sockets that two of these would have. */
const sharedSockets = (devices: ReadonlyArray<BareDevice>): ReadonlyArray<Problem> => {
  const named = devices.flatMap(({ guest, name, socket }) => [
    { where: `--device ${name}=${socket}`, what: "the socket", path: socket },
    ...(guest === undefined
      ? []
      : [{ where: `--device ${name}=${socket},guest=${guest}`, what: "guest=", path: guest }])
  ])
  return named
    .filter(({ path }, at) => named.findIndex((other) => other.path === path) < at)
    .map(({ path, what, where }) => problem(where, `${what} ${path} is there twice; name each socket once`))
}

/** All of them, or everything that is wrong with them. Each name and each socket is there once. */
export const parseDevices = (texts: ReadonlyArray<string>): Read<ReadonlyArray<BareDevice>> => {
  if (texts.length === 0) return Either.left([problem("--device", "is missing; give one for each socket: NAME=SOCKET")])
  const read = texts.map(parse)
  const devices = read.flatMap((one) => (Either.isRight(one) ? [one.right] : []))
  const sameNames = devices
    .filter(({ name }, at) => devices.findIndex((other) => other.name === name) < at)
    .map(({ name, socket }) => problem(`--device ${name}=${socket}`, "the name is there twice; name each device once"))
  const problems = [
    ...read.flatMap((one) => (Either.isLeft(one) ? one.left : [])),
    ...sameNames,
    ...sharedSockets(devices)
  ]
  return problems.length === 0 ? Either.right(devices) : Either.left(problems)
}

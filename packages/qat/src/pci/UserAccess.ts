/**
 * Reads and writes of a user, region by region, alone and in batches. Sources: `vfio_pci_rw` of `drivers/vfio/pci/vfio_pci_core.c`; section 7 of the
 * vfio-user specification.
 *
 * A1 Neighbouring register writes of a batch are one `askAll`: they are *written* once. Mailbox, MSI-X table and config space are turns of their own.
 */
import { EINVAL, type Errno, isErrno } from "@stopcopy/errno"
import { type JournalError, Now } from "@stopcopy/runtime"
import type { RegionWrite } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { because } from "../Refusals.ts"
import type { VfAnswer } from "../Turn.ts"
import type { VfCommand } from "../VfCommand.ts"
import * as Bar from "./BarAccess.ts"
import { type Front, type Step, turn } from "./Front.ts"
import { isAwake } from "./State.ts"

/** Config space, as VFIO numbers regions. */
const configRegion = 7

const noRegion = (region: number): EINVAL =>
  new EINVAL(
    because(
      "device.region",
      "the region is there",
      `region ${region}`,
      "absent",
      "0, 2, 7",
      "access BAR0, BAR2 or config space"
    )
  )

const writeConfig = (front: Front, offset: number, bytes: Uint8Array): Step =>
  turn(front, front.parts.pci.ask({ _tag: "WriteConfig", offset, bytes: bytes.slice() }))

/** Only the MSI-X table changes what DMA and interrupts may do. */
const writeWord = (front: Front, word: Bar.Word): Step => {
  const { driver, pci } = front.parts
  const step = Bar.writeWord(driver, pci, word)
  return Bar.commandOf(word) === undefined ? front.changing(step) : step
}

const writeWords = (front: Front, words: ReadonlyArray<Bar.Word>): Step => {
  const [first] = words
  return words.length === 1 && first !== undefined
    ? writeWord(front, first)
    : Effect.forEach(words, (word) => writeWord(front, word), { discard: true })
}

/** The register write that an access is, if it is one word and nothing more. */
const registerWrite = (front: Front, region: number, offset: number, bytes: Uint8Array): VfCommand | undefined => {
  const bar = Bar.barOf(region)
  if (bar === undefined || bytes.length !== 4 || !isAwake(front.parts.pci.unsafeState())) return undefined
  return Bar.commandAt(bar, offset, bytes)
}

export const write = (front: Front, region: number, offset: number, bytes: Uint8Array): Step => {
  const command = registerWrite(front, region, offset, bytes)
  if (command !== undefined) return Now.mapNow(front.bound.ask(command), nothing)
  if (region === configRegion) return writeConfig(front, offset, bytes)
  const bar = Bar.barOf(region)
  if (bar === undefined) return Either.left(noRegion(region))
  return Effect.suspend(() => {
    const words = Bar.wordsOf(front.parts.pci.unsafeState(), bar, offset, bytes)
    return Either.isLeft(words) ? Either.left(words.left) : writeWords(front, words.right)
  })
}

const nothing = (): void => undefined

export const read = (front: Front, region: number, offset: number, into: Uint8Array): Either.Either<void, Errno> => {
  const pci = front.parts.pci.unsafeState()
  const bar = Bar.barOf(region)
  if (bar !== undefined) return Bar.read(front.vf, pci, bar, offset, into)
  if (region !== configRegion) return Either.left(noRegion(region))
  for (let at = 0; at < into.length; at++) into[at] = pci.config[offset + at] ?? 0
  return Either.void
}

type Answer = Either.Either<void, Errno>

const answerOf = (step: Step): Effect.Effect<Answer, JournalError> =>
  Effect.catchIf(Effect.as(step, Either.void), isErrno, (error) => Effect.succeed(Either.left(error)))

/** The registers that a write is made of, as commands; none where it is more than registers. */
const commandsOf = (
  front: Front,
  { bytes, offset, region }: RegionWrite
): Answer | ReadonlyArray<VfCommand> | undefined => {
  const bar = Bar.barOf(region)
  if (bar === undefined) return undefined
  const words = Bar.wordsOf(front.parts.pci.unsafeState(), bar, offset, bytes)
  if (Either.isLeft(words)) return Either.left(words.left)
  const commands: Array<VfCommand> = []
  for (const word of words.right) {
    const command = Bar.commandOf(word)
    if (command === undefined) return undefined
    commands.push(command)
  }
  return commands
}

/** All writes as commands, where each is one register and nothing more. */
const registerWrites = (front: Front, writes: ReadonlyArray<RegionWrite>): ReadonlyArray<VfCommand> | undefined => {
  const commands: Array<VfCommand> = []
  for (const { bytes, offset, region } of writes) {
    const command = registerWrite(front, region, offset, bytes)
    if (command === undefined) return undefined
    commands.push(command)
  }
  return commands
}

const answered = (answer: Either.Either<VfAnswer, Errno>): Answer =>
  Either.isRight(answer) ? Either.void : Either.left(answer.left)

/** Most batches are registers alone. */
export const writeAll = (
  front: Front,
  writes: ReadonlyArray<RegionWrite>
): Effect.Effect<ReadonlyArray<Answer>, JournalError> => {
  const commands = registerWrites(front, writes)
  return commands === undefined
    ? writeMixed(front, writes)
    : Now.mapNow(front.bound.askAll(commands), (answers) => answers.map(answered))
}

const writeMixed = (
  front: Front,
  writes: ReadonlyArray<RegionWrite>
): Effect.Effect<ReadonlyArray<Answer>, JournalError> =>
  Effect.gen(function* () {
    const answers: Array<Answer> = writes.map(() => Either.void)
    let commands: Array<VfCommand> = []
    let owners: Array<number> = []
    const flush = Effect.suspend(() => {
      const [asked, whose] = [commands, owners]
      commands = []
      owners = []
      return asked.length === 0
        ? Effect.void
        : Effect.map(front.parts.driver.vf.askAll(asked), (given) => {
            for (const [at, answer] of given.entries()) {
              const owner = whose[at] ?? 0
              if (Either.isLeft(answer) && Either.isRight(answers[owner] ?? answer))
                answers[owner] = Either.left(answer.left)
            }
          })
    })
    for (const [at, each] of writes.entries()) {
      const found = commandsOf(front, each)
      if (found === undefined) {
        yield* flush
        answers[at] = yield* answerOf(write(front, each.region, each.offset, each.bytes))
      } else if (Either.isEither(found)) answers[at] = found
      else {
        for (const command of found) {
          commands.push(command)
          owners.push(at)
        }
      }
    }
    yield* flush
    return answers
  })

/** A driver whose mailbox answers may be lost, and whose migration data may be corrupted on their way out. */
import { type QatVfioPci, Registers } from "@stopcopy/qat"
import type { MigrationFile } from "@stopcopy/vfio"
import { Effect, Option } from "effect"
import type { Meeting } from "./Meeting.ts"

/** Where VM2PF is in BAR2, and the bit of it that says that there is a message. */
const mailboxAt = Registers.miscRegisters[Registers.miscIndex.VM2PF].vfOffset
const messageBit = 1

/** A byte of a stream, and what it is changed by. */
interface Damage {
  readonly offset: number
  readonly mask: number
}

/** The file with one or more bytes of its stream changed; it has given nothing yet. */
const damaged = <E>(file: MigrationFile<E>, damages: ReadonlyArray<Damage>): MigrationFile<E> => {
  let position = 0
  return {
    ...file,
    bound: undefined,
    read: (length, mode) =>
      Effect.map(file.read(length, mode), (bytes) => {
        const copy = bytes.slice()
        for (const { mask, offset } of damages) {
          const at = offset - position
          const before = copy[at]
          if (before !== undefined) copy[at] = before ^ mask
        }
        position += bytes.byteLength
        return copy
      })
  }
}

/** What a saving session that begins is to suffer. */
const damagesOf = (points: Meeting, device: string): ReadonlyArray<Damage> =>
  points.meet(device, "Save", ["CorruptBlock"]).flatMap((kind) => (kind._tag === "CorruptBlock" ? [kind] : []))

export const faultyDriver = (
  points: Meeting,
  device: string,
  driver: QatVfioPci.QatVfioPci
): QatVfioPci.QatVfioPci => ({
  ...driver,
  // A server's own way would pass by the faults.
  bound: undefined,
  get flags() {
    return driver.flags
  },
  setState: (requested) =>
    Effect.map(
      driver.setState(requested),
      Option.map((file) => {
        const damages = file.kind === "saving" ? damagesOf(points, device) : []
        return damages.length === 0 ? file : damaged(file, damages)
      })
    ),
  writeRegister: (bar, offset, value) =>
    Effect.suspend(() => {
      const isMessage = bar === 2 && offset === mailboxAt && (value & messageBit) !== 0
      const isLost = isMessage && points.meet(device, "Mailbox").some(({ _tag }) => _tag === "LoseMailboxAnswer")
      // The doorbell reads as acknowledged, and nobody has heard it.
      return isLost ? Effect.void : driver.writeRegister(bar, offset, value)
    })
})

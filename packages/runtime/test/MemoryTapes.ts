/** Tapes in memory that do what a test tells them: fail at a write, be long, write down what they were asked. */
import { JournalFull } from "@stopcopy/runtime"
import type { Tape, TapeIdentity, Tapes } from "@stopcopy/runtime"
import { Either } from "effect"

/** What the tapes of a test were asked, and how they behave. */
export class MemoryTapes implements Tapes {
  /** `open`, `write <first version> <count>`, `rotate`, `close`, `discard`, in their order. */
  readonly calls: Array<string> = []
  /** Size that the tapes say they have. */
  size = 0
  /** Writes that still succeed; then the tape is full. */
  writes = Number.POSITIVE_INFINITY
  private readonly last = new Map<string, number>()

  open({ stream }: TapeIdentity): Either.Either<Tape> {
    this.calls.push("open")
    return Either.right({
      write: (firstVersion, _time, _entries, count) => this.write(stream, firstVersion, count),
      bytes: () => this.size,
      sync: () => Either.void,
      rotate: () => {
        this.calls.push("rotate")
        this.size = 0
        return Either.void
      },
      close: () => void this.calls.push("close")
    })
  }

  discard(stream: string): Either.Either<void> {
    this.calls.push("discard")
    this.last.delete(stream)
    return Either.void
  }

  private write(stream: string, firstVersion: number, count: number): Either.Either<void, JournalFull> {
    if (firstVersion <= (this.last.get(stream) ?? 0))
      throw new RangeError(`version ${firstVersion} is on the tape already`)
    if (this.writes-- <= 0) return Either.left(new JournalFull({ journal: "tape" }))
    this.last.set(stream, firstVersion + count - 1)
    this.calls.push(`write ${firstVersion} ${count}`)
    return Either.void
  }
}

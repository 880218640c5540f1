/**
 * Commands of a guest that a server has not answered, by the id that they have on the connection that is shared. Servers handle commands in order, so the reply to one
 * says that the posted ones before it, which have none, are handled too.
 */

/** Commands of the guest under way at one time, those without a reply among them. */
const maxUnderway = 256

/** Ids from here on are the guest's; those below belong to who else uses the connection. */
export const firstId = 0x1_0000 - maxUnderway

/** Commands without a reply in a row, at most: the next one is answered. */
const maxUnproven = 63

/** What of a command is needed when its reply comes. */
interface Asked {
  /** The id that the guest gave it; undefined: the guest waits for no reply. */
  readonly id: number | undefined
  readonly command: number
  /** The beginning of its payload, of a command that leaves something on the server. */
  readonly kept: Uint8Array | undefined
  /** Bytes that its reply may have. */
  readonly bytes: number
}

interface Entry extends Asked {
  /** Posted commands just before it. */
  readonly before: number
}

export class Underway {
  private readonly asked = Array.from({ length: maxUnderway }, (): Entry | undefined => undefined)
  private readonly free = Array.from({ length: maxUnderway }, (_, slot) => maxUnderway - 1 - slot)
  /** Posted commands that no reply has followed yet. */
  private posted = 0
  /** Those of them behind the last command that is answered. */
  private unproven = 0
  /** Bytes that the replies to come may have. */
  owed = 0

  /** Commands that will be answered. */
  get count(): number {
    return maxUnderway - this.free.length
  }

  get isFull(): boolean {
    return this.count + this.posted >= maxUnderway
  }

  /** Whether the next posted command has to be one that is answered: nothing else would say how far the server is. */
  get needsProof(): boolean {
    return this.unproven >= maxUnproven
  }

  /** A command that is not answered. Not to be called while it is full, or needs proof. */
  post(): void {
    this.posted++
    this.unproven++
  }

  /** The id on the shared connection. Not to be called while it is full. */
  begin(asked: Asked): number {
    const slot = this.free.pop() ?? 0
    this.asked[slot] = { ...asked, before: this.unproven }
    this.unproven = 0
    this.owed += asked.bytes
    return firstId + slot
  }

  /** Takes what was asked under this id; undefined: nothing, or another command. */
  end(id: number, command: number): Asked | undefined {
    const slot = id - firstId
    const asked = this.asked[slot]
    if (asked === undefined || asked.command !== command) return undefined
    this.asked[slot] = undefined
    this.free.push(slot)
    this.posted -= asked.before
    this.owed -= asked.bytes
    return asked
  }
}

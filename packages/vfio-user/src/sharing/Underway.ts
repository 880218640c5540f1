/** Commands of a guest that a server has not answered, by the id that they have on the connection that is shared. */

/** Commands of the guest under way at one time. */
const maxUnderway = 256

/** Ids from here on are the guest's; those below belong to who else uses the connection. */
export const firstId = 0x1_0000 - maxUnderway

/** What of a command is needed when its reply comes. */
interface Asked {
  /** The id that the guest gave it. */
  readonly id: number
  readonly command: number
  /** The beginning of its payload, of a command that leaves something on the server. */
  readonly kept: Uint8Array | undefined
}

export class Underway {
  private readonly asked = Array.from({ length: maxUnderway }, (): Asked | undefined => undefined)
  private readonly free = Array.from({ length: maxUnderway }, (_, slot) => maxUnderway - 1 - slot)

  get count(): number {
    return maxUnderway - this.free.length
  }

  get isFull(): boolean {
    return this.free.length === 0
  }

  /** The id on the shared connection. Not to be called while it is full. */
  begin(asked: Asked): number {
    const slot = this.free.pop() ?? 0
    this.asked[slot] = asked
    return firstId + slot
  }

  /** Takes what was asked under this id; undefined: nothing, or another command. */
  end(id: number, command: number): Asked | undefined {
    const slot = id - firstId
    const asked = this.asked[slot]
    if (asked === undefined || asked.command !== command) return undefined
    this.asked[slot] = undefined
    this.free.push(slot)
    return asked
  }
}

/**
 * Memory in which a burst keeps what it is going to write until that is recorded; the next burst has it again. What a cipher gives can be forgotten at once then:
 * kept until the end of its burst it outlives the collector's first look, and costs more than the copy.
 */

/** What a burst of the usual requests writes, in bytes; what has no room stays where it is. */
const stagingBytes = 1 << 21

/** From this size on, in bytes, a copy is cheaper than keeping. */
const worthBytes = 4096

/** Memory of bursts that ended, for all engines of the process: as much as two of them need that work side by side, and two that wait. */
const kept: Array<Uint8Array> = []
const mostKept = 4

export class Staging {
  private memory: Uint8Array | undefined
  private used = 0

  /** The same bytes, in this memory if that is worth it. They are valid until `release`. */
  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.length < worthBytes || this.used + bytes.length > stagingBytes) return bytes
    this.memory ??= kept.pop() ?? new Uint8Array(stagingBytes)
    const from = this.used
    this.used += bytes.length
    this.memory.set(bytes, from)
    return this.memory.subarray(from, this.used)
  }

  /** Nobody has any of it any more. Memory of a burst that somebody may still have is not released: it goes with the last who has it. */
  release(): void {
    if (this.memory !== undefined && kept.length < mostKept) kept.push(this.memory)
    this.memory = undefined
    this.used = stagingBytes
  }
}

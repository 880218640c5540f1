/**
 * Which pages of a region were written since they were last taken: one bit a page, there only while writes are tracked. Source: dirty bitmaps of KVM
 * (`KVM_GET_DIRTY_LOG`), and DMA logging of `include/uapi/linux/vfio.h`.
 */

/** Size of a page, in bytes. */
export const pageBytes = 4096
const bitsPerWord = 32

const setBit = (words: Uint32Array, page: number): void => {
  const word = Math.floor(page / bitsPerWord)
  words[word] = (words[word] ?? 0) | (1 << (page % bitsPerWord))
}

export class DirtyPages {
  private readonly pages: number
  private words: Uint32Array | undefined

  /** `bytes` is the size of the region, in whole pages. */
  constructor(bytes: number) {
    this.pages = bytes / pageBytes
  }

  /** From now on writes are noted; nothing is dirty yet. */
  start(): void {
    this.words = new Uint32Array(Math.ceil(this.pages / bitsPerWord))
  }

  /** Writes are noted no more, and what was noted is forgotten. */
  stop(): void {
    this.words = undefined
  }

  /** Bytes were written: at least one. */
  mark(offset: number, length: number): void {
    const { words } = this
    if (words === undefined) return
    const last = Math.floor((offset + length - 1) / pageBytes)
    for (let page = Math.floor(offset / pageBytes); page <= last; page++) setBit(words, page)
  }

  /** The offsets of dirty pages in a range of whole pages, ascending. They are clean again. */
  take(offset: number, length: number): ReadonlyArray<number> {
    const { words } = this
    if (words === undefined) return []
    const found: Array<number> = []
    const end = (offset + length) / pageBytes
    for (let page = offset / pageBytes; page < end; page++) {
      const [word, bit] = [Math.floor(page / bitsPerWord), page % bitsPerWord]
      const bits = words[word] ?? 0
      if (bits === 0 && bit === 0) page += bitsPerWord - 1
      else if ((bits & (1 << bit)) !== 0) {
        words[word] = bits & ~(1 << bit)
        found.push(page * pageBytes)
      }
    }
    return found
  }
}

/** A binary heap over an array: the smallest comes first. Mutable, for the inside of one pure function. */
export class Heap<A> {
  readonly #items: Array<A> = []
  readonly #isBefore: (left: A, right: A) => boolean

  constructor(isBefore: (left: A, right: A) => boolean) {
    this.#isBefore = isBefore
  }

  push(item: A): void {
    let place = this.#items.length
    this.#items.push(item)
    while (place > 0) {
      const above = (place - 1) >>> 1
      const parent = this.#items[above]
      if (parent === undefined || !this.#isBefore(item, parent)) break
      this.#items[place] = parent
      place = above
    }
    this.#items[place] = item
  }

  /** The smallest, taken out; undefined if there is none. */
  pop(): A | undefined {
    const [top] = this.#items
    const last = this.#items.pop()
    if (last !== undefined && this.#items.length > 0) this.#sink(last)
    return top
  }

  #sink(item: A): void {
    let place = 0
    for (;;) {
      const [left, right] = [this.#items[2 * place + 1], this.#items[2 * place + 2]]
      const isRight = left !== undefined && right !== undefined && this.#isBefore(right, left)
      const child = isRight ? right : left
      if (child === undefined || !this.#isBefore(child, item)) break
      this.#items[place] = child
      place = 2 * place + (isRight ? 2 : 1)
    }
    this.#items[place] = item
  }
}

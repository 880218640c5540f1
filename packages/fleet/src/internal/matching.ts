/** Gives every left side a right side of its own: the augmenting paths of Kuhn's algorithm. For a handful of devices. */

/** One right side for each left side, in their order; undefined if there is no way. Prefers what stands first in the lists. */
export const matching = <A>(wanted: ReadonlyArray<ReadonlyArray<A>>): ReadonlyArray<A> | undefined => {
  const owners = new Map<A, number>()
  const claim = (left: number, seen: Set<A>): boolean => {
    for (const right of wanted[left] ?? []) {
      if (seen.has(right)) continue
      seen.add(right)
      const owner = owners.get(right)
      if (owner !== undefined && !claim(owner, seen)) continue
      owners.set(right, left)
      return true
    }
    return false
  }
  if (!wanted.every((_, left) => claim(left, new Set()))) return undefined
  const chosen = [...owners].sort(([, one], [, other]) => one - other)
  return chosen.map(([right]) => right)
}

/**
 * Whose address space a device works in, the way of iommufd: bound to a context, attached to an address space (IOAS) of it. A state machine without
 * effects. Source: `vfio_iommufd_physical_bind`, `_unbind`, `_attach_ioas`, `_detach_ioas` of `drivers/vfio/iommufd.c`; `drivers/vfio/device_cdev.c`.
 */
import { EINVAL, ENOENT } from "@stopcopy/errno"
import { Either } from "effect"
import { because } from "../Refusals.ts"

/** Numbers of an iommufd context and of an address space in it; none: not bound, not attached. */
export interface Binding {
  readonly context: number | null
  readonly ioas: number | null
}

export const unbound: Binding = { context: null, ioas: null }

type Bound<E> = Either.Either<Binding, E>

const refused = (code: string, rule: string, source: string, destination: string, remedy: string): EINVAL =>
  new EINVAL(because(code, rule, "iommufd", source, destination, remedy))

const notBound = (): EINVAL =>
  refused("iommufd.bound", "only a device that is bound has an address space", "not bound", "bound", "bind it first")

/** Binds to a context. `EINVAL` for a device that is bound already, to whichever. */
export const bind = (binding: Binding, context: number): Bound<EINVAL> =>
  binding.context === null
    ? Either.right({ context, ioas: null })
    : Either.left(
        refused(
          "iommufd.twice",
          "a device is bound once",
          `context ${binding.context}`,
          `context ${context}`,
          "unbind it first"
        )
      )

/** Takes the device out of its address space, then out of its context; of one that is in none nothing is to be taken. */
export const unbind = (): Binding => unbound

/**
 * Attaches to an address space; one that it is attached to already is replaced, without a moment in between. `EINVAL` for a device that is not bound,
 * `ENOENT` for an address space that the context does not have: what was attached stays.
 */
export const attachIoas = (binding: Binding, ioas: number, known: ReadonlySet<number>): Bound<EINVAL | ENOENT> => {
  if (binding.context === null) return Either.left(notBound())
  if (known.has(ioas)) return Either.right({ ...binding, ioas })
  const have = [...known].join(", ")
  return Either.left(
    new ENOENT(
      because(
        "iommufd.ioas",
        "the context has the address space",
        `context ${binding.context}`,
        `address space ${ioas}`,
        have === "" ? "none" : have,
        "allocate it first"
      )
    )
  )
}

/** Detaches. Without an address space nothing happens. `EINVAL` for a device that is not bound. */
export const detachIoas = (binding: Binding): Bound<EINVAL> =>
  binding.context === null ? Either.left(notBound()) : Either.right({ ...binding, ioas: null })

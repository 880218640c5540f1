/** DEVICE_SET_IRQS. Source: section 10 of the vfio-user specification. */
import { Either } from "effect"
import * as SetIrqs from "../../messages/SetIrqs.ts"
import { type Handler, noPayload } from "../Client.ts"

export const setIrqs: Handler = ({ interrupts, served: { options } }, payload, descriptors) => {
  const request = SetIrqs.decode(payload)
  if (Either.isRight(request)) return Either.map(interrupts.set(request.right, descriptors), () => noPayload)
  for (const descriptor of descriptors) options.host.close(descriptor)
  return Either.left(request.left)
}

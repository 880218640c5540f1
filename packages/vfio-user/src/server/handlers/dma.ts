/** DMA_MAP and DMA_UNMAP. Source: section 8 of the vfio-user specification. */
import type { EINVAL, Errno } from "@stopcopy/errno"
import { type IoAddressSpace, Now } from "@stopcopy/vfio"
import { Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as DmaMap from "../../messages/DmaMap.ts"
import * as DmaUnmap from "../../messages/DmaUnmap.ts"
import { type Answer, type Client, type Handler, noPayload } from "../Client.ts"
import { bitmapOf, checkBitmap } from "./bitmaps.ts"

const knownFlags = DmaMap.READ | DmaMap.WRITE | DmaMap.MMAP | DmaMap.FILE_IO
const maxUnmapArgsz = 1024 * 1024

const wrong = (where: string, source: number | bigint, destination: string | number): Either.Either<never, EINVAL> =>
  Either.left(refuse("dma", "a DMA request is well formed", where, source, destination, "correct the request"))

/** With a descriptor the memory behind it is used; without, or where nothing can map one, the client is asked for every access. */
export const dmaMap: Handler = (client, payload, descriptors) => {
  const { host } = client.served.options
  const [first, ...rest] = descriptors
  for (const descriptor of rest) host.close(descriptor)
  const mapped = Either.flatMap(DmaMap.decode(payload), (request) =>
    Either.flatMap(check(client, request, first !== undefined), () => map(client, request, first))
  )
  if (Either.isRight(mapped)) client.memory.mapped()
  if (Either.isRight(mapped) && mapped.right) return Either.right(noPayload)
  // A descriptor that no backing took is still the server's.
  if (first !== undefined) host.close(first)
  return Either.map(mapped, () => noPayload)
}

const check = <E>({ passesDescriptors, space }: Client<E>, request: DmaMap.DmaMap, hasDescriptor: boolean) => {
  const { address, argsz, flags, size } = request
  if (argsz < DmaMap.byteLength) return wrong("argsz", argsz, `at least ${DmaMap.byteLength}`)
  if ((flags & ~knownFlags) !== 0) return wrong("flags", flags >>> 0, `bits of ${knownFlags}`)
  // Where descriptors cannot come, one that was sent is lost, and its flags say nothing.
  const needsDescriptor = passesDescriptors && (flags & (DmaMap.MMAP | DmaMap.FILE_IO)) !== 0
  if (needsDescriptor && !hasDescriptor) return wrong("flags", flags, "a descriptor with MMAP or FILE_IO")
  return space.check(address, size)
}

/** True if the descriptor is now the backing's. */
const map = <E>(
  { dma, served, space }: Client<E>,
  { address, flags, offset, size }: DmaMap.DmaMap,
  descriptor: number | undefined
): Either.Either<boolean, Errno> => {
  const { mapDescriptor } = served.options.host
  const protection = { read: (flags & DmaMap.READ) !== 0, write: (flags & DmaMap.WRITE) !== 0 }
  const take = (backing: IoAddressSpace.Backing, owns: boolean) =>
    Either.map(space.map({ ...protection, address, size, backing }), () => owns)
  if (descriptor === undefined || mapDescriptor === undefined) return take(dma.backing(address), false)
  return Either.flatMap(mapDescriptor(descriptor, offset, size, protection), (backing) => take(backing, true))
}

export const dmaUnmap: Handler = (client, payload) => {
  const request = Either.flatMap(DmaUnmap.decodeRequest(payload), checkUnmap)
  if (Either.isLeft(request)) return Either.left(request.left)
  const { address, bitmap, flags, size } = request.right
  if (flags === DmaUnmap.ALL) {
    client.space.unmapAll()
    return Either.right(payload.slice(0, DmaUnmap.byteLength))
  }
  if (bitmap !== undefined) return unmapWithBitmap(client, request.right, bitmap)
  return Either.map(client.space.unmap(address, size), () => payload.slice(0, DmaUnmap.byteLength))
}

const checkUnmap = (request: DmaUnmap.Request): Either.Either<DmaUnmap.Request, EINVAL> => {
  const { address, argsz, bitmap, flags, size } = request
  if (flags !== 0 && flags !== DmaUnmap.BITMAP && flags !== DmaUnmap.ALL) return wrong("flags", flags, "0, 1 or 2")
  const least =
    bitmap === undefined ? BigInt(DmaUnmap.byteLength) : BigInt(DmaUnmap.bitmapHeadBytes) + bitmap.bitmapBytes
  if (BigInt(argsz) < least || argsz > maxUnmapArgsz) return wrong("argsz", argsz, `${least} to ${maxUnmapArgsz}`)
  if (flags === DmaUnmap.ALL && (address !== 0n || size !== 0n)) return wrong("address, size", address, "0 with flag 2")
  return Either.right(request)
}

/** The bitmap of what was written up to now; then the mapping ends. */
const unmapWithBitmap = <E>(
  { served: { device, loggingPageSize }, space }: Client<E>,
  request: DmaUnmap.Request,
  { bitmapBytes, pageSize }: DmaUnmap.BitmapHead
): Answer<E> => {
  const { address, argsz, flags, size } = request
  const { dmaLog } = device
  if (dmaLog === undefined || loggingPageSize === undefined) return wrong("flags", flags, "no bitmap without logging")
  const bytes = checkBitmap(address, size, pageSize, maxUnmapArgsz)
  if (Either.isLeft(bytes)) return Either.left(bytes.left)
  if (BigInt(bytes.right) !== bitmapBytes) return wrong("bitmap size", bitmapBytes, bytes.right)
  // Unknown ranges are refused before the log is read, which clears it.
  if (space.find(address, size) === undefined) return Either.map(space.unmap(address, size), () => noPayload)
  return Now.flatMapNow(dmaLog.report(address, size, pageSize), (pages) =>
    Either.map(space.unmap(address, size), () => {
      const bits = bitmapOf(pages, address, pageSize, bytes.right)
      const bitmap = { pageSize, bitmapBytes }
      return DmaUnmap.encodeReply({ argsz, flags, address, size, bitmap, bits })
    })
  )
}

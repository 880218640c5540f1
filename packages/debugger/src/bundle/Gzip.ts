/** Packing and unpacking as streams, by what both Node and browsers have: `CompressionStream` and `DecompressionStream`. */
import { Effect, Stream } from "effect"

/** The packed bytes of everything that `parts` gives. Unpacked parts are not kept. */
export const pack = <E, R>(parts: Stream.Stream<Uint8Array<ArrayBuffer>, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.suspend(() => {
    const { readable, writable } = new CompressionStream("gzip")
    const writer = writable.getWriter()
    const packed = new Response(readable).arrayBuffer()
    return Stream.runForEach(parts, (part) => Effect.promise(() => writer.write(part))).pipe(
      Effect.zipRight(Effect.promise(() => writer.close())),
      Effect.zipRight(Effect.promise(() => packed)),
      Effect.map((bytes) => new Uint8Array(bytes)),
      // Nobody waits for the packed bytes any more: their failure is the one that is told already.
      Effect.onExit((exit) =>
        exit._tag === "Success"
          ? Effect.void
          : Effect.promise(() => Promise.allSettled([writer.abort(), packed])).pipe(Effect.asVoid)
      )
    )
  })

/** The unpacked bytes in chunks, as they come. Fails with the reason where the packed bytes are cut off or changed. */
export const unpack = (packed: Uint8Array<ArrayBuffer>): Stream.Stream<Uint8Array, string> =>
  Stream.fromReadableStream({
    evaluate: () => new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")),
    onError: (error) => (error instanceof Error ? error.message : String(error))
  })

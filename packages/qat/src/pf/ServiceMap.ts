/**
 * What a device is configured to serve: names as the driver's `cfg_services` has them, and the 16-bit ring-to-service map that follows. Source:
 * `qat_common/adf_cfg_services.c`, `adf_gen4_hw_data.c`, `qat_4xxx/adf_4xxx_hw_data.c`; section 6.1 of the register specification.
 *
 * Three bits a bank, bank 0 lowest; banks 0 and 2 serve one group, 1 and 3 the other.
 */
import { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { because } from "../Refusals.ts"
import { banksPerVf } from "../Registers.ts"

/** Codes of the map. */
export const ServiceCode = { unused: 0, crypto: 1, compression: 2, symmetric: 3, asymmetric: 4, used: 5 } as const

/** Services by name, in the order in which the driver names them. `dcc` is compression chained with hashing, alone on a device. */
const services = ["asym", "sym", "dc", "dcc"] as const
export type Service = (typeof services)[number]

const codes: Readonly<Record<Service, number>> = {
  asym: ServiceCode.asymmetric,
  sym: ServiceCode.symmetric,
  dc: ServiceCode.compression,
  dcc: ServiceCode.compression
}

/** Which of two services has banks 0 and 2, the first of these that is there: asymmetric yields to compression, symmetric to both. */
const groupOrder: ReadonlyArray<Service> = ["dcc", "dc", "asym", "sym"]

const bitsPerBank = 3

/** The map of two groups. */
const mapOf = (even: number, odd: number): number => {
  let map = 0
  for (let bank = 0; bank < banksPerVf; bank++) map |= (bank % 2 === 0 ? even : odd) << (bitsPerBank * bank)
  return map
}

/** Code of a bank of any VF in a map; also of a ring pair, by its number in the device. */
export const codeOf = (map: number, bank: number): number => (map >>> (bitsPerBank * (bank % banksPerVf))) & 7

const isService = (name: string): name is Service => services.some((service) => service === name)

const refused = (text: string, rule: string): Either.Either<never, EINVAL> =>
  Either.left(
    new EINVAL(
      because(
        "pf.services",
        rule,
        "services",
        text,
        "sym, asym, dc, dcc, or two of the first three",
        "configure others"
      )
    )
  )

/** The services that `text` names, with `;` between two; in the driver's order. `EINVAL` for what a GEN4 device cannot serve. */
export const parse = (text: string): Either.Either<ReadonlyArray<Service>, EINVAL> => {
  const names = text.split(";")
  if (!names.every(isService)) return refused(text, "every service must be known")
  if (new Set(names).size !== names.length) return refused(text, "a service is named once")
  if (names.length > 2) return refused(text, "a GEN4 device serves two services at most")
  if (names.length > 1 && names.includes("dcc")) return refused(text, "dcc is served alone")
  return Either.right(services.filter((service) => names.includes(service)))
}

/** The map of services that `parse` gave. */
export const ringToService = (named: ReadonlyArray<Service>): number => {
  const [even, odd] = groupOrder.filter((service) => named.includes(service)).map((service) => codes[service])
  if (even === undefined) return 0
  return mapOf(even, odd ?? even)
}

/** The map of services by name: `asym;sym` is 0x71c. */
export const fromName = (text: string): Either.Either<number, EINVAL> => Either.map(parse(text), ringToService)

/** Every configuration by its map. `dc` and `dcc` have the same: it is called `dc`. */
const names: ReadonlyMap<number, string> = new Map(
  ["dcc", "asym", "sym", "dc", "asym;sym", "asym;dc", "sym;dc"].flatMap((name) =>
    Either.match(fromName(name), { onLeft: () => [], onRight: (map) => [[map, name] as const] })
  )
)

/** The configuration that has this map; undefined for one that no GEN4 driver makes. */
export const nameOf = (map: number): string | undefined => names.get(map)

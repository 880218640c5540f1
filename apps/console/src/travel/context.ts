/** The journey of the page, for every component below it. */
import { createContext, useContext } from "react"
import { useStore } from "../store/useStore.ts"
import type { Travelling } from "./Travelling.ts"
import type { View } from "./View.ts"

export const TravellingContext = createContext<Travelling | undefined>(undefined)

export const useTravelling = (): Travelling => {
  const travelling = useContext(TravellingContext)
  if (travelling === undefined) throw new Error("there is no journey above this component")
  return travelling
}

export const useView = (): View => useStore(useTravelling().view)

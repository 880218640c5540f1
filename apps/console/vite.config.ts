/** How the console is built: static files below `dist/site` that the coordinator serves. Paths in them are relative to `/`. */
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

/** Where `vite` in development finds a coordinator. */
const coordinator = process.env["STOPCOPY_COORDINATOR"] ?? "http://127.0.0.1:7700"

// A test that has it built has an environment of its own, and React would be the one for development.
const building = process.argv.includes("build")
if (building) process.env["NODE_ENV"] = "production"

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ["@stopcopy/source", "module", "browser", "development|production"] },
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    target: "chrome120",
    // `light-dark()` stays as it is.
    cssTarget: "chrome123",
    manifest: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800
  },
  server: { proxy: { "/api": coordinator } }
})

/** A coordinator for tests, built from the API itself: it answers out of a `World`, with the same tokens, errors and events as the real one. */
import { HttpApiBuilder, type HttpApp, HttpServer, HttpServerResponse } from "@effect/platform"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import {
  ApiError,
  Caller,
  CoordinatorApi,
  Forbidden,
  idempotencyHeader,
  lastEventHeader,
  messages,
  NotFound,
  OperateAccess,
  ReadAccess,
  Refused,
  Unauthorized
} from "@stopcopy/coordinator-api"
import { Effect, Exit, Layer, PubSub, Redacted, Schema, Scope, Stream } from "effect"
import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { cert, key } from "./certificate.ts"
import { events as journal, groups, vfs, world, type World } from "./world.ts"

/** The tokens that it knows, where it asks for any. */
export const tokens = { read: "read-token-0123456789", operate: "operate-token-0123456789" } as const

/** What was asked for, with the key where there was one. */
interface Asked {
  readonly what: string
  readonly payload: object
  readonly key?: string
}

export interface Stub {
  readonly url: string
  /** What it answers out of. */
  readonly world: World
  /** What changed something, in order. */
  readonly asked: Array<Asked>
  /** Requests get this error: so many, after so many that do not. */
  failing: { readonly error: ApiError; readonly status: number; after: number; times: number } | undefined
  /** Whether it asks for a token. */
  closed: boolean
  /** Every request gets this text, with status 200. */
  foreign: string | undefined
  readonly dispose: () => Promise<void>
}

type State = Omit<Stub, "url" | "dispose"> & { readonly looked: PubSub.PubSub<void> }

const missing = (what: string): NotFound =>
  new NotFound({ code: `${what}.unknown`, message: `there is no such ${what}; look at the list`, refusals: [] })

const access = (state: State) => {
  const known = (token: Redacted.Redacted) =>
    Effect.suspend(() => {
      const secret = Redacted.value(token)
      const isOperator = !state.closed || secret === tokens.operate
      const role = isOperator ? ("operate" as const) : ("read" as const)
      if (isOperator || secret === tokens.read)
        return Effect.succeed({ role, name: state.closed ? "somebody" : "anyone", hasTokens: state.closed })
      const code = secret === "" ? "token.missing" : "token.unknown"
      return new Unauthorized({ code, message: "no token", refusals: [] })
    })
  const readOnly = new Forbidden({
    code: "token.read-only",
    message: "the token of somebody has the role read",
    refusals: []
  })
  return Layer.merge(
    Layer.succeed(ReadAccess, { bearer: known }),
    Layer.succeed(OperateAccess, {
      bearer: (token) =>
        Effect.filterOrFail(
          known(token),
          ({ role }) => role === "operate",
          () => readOnly
        )
    })
  )
}

/** The host of this name. */
const hostOf = ({ world }: State, name: string) => {
  const host = world.hosts.find((each) => each.name === name)
  return host === undefined ? missing("host") : Effect.succeed(host)
}

/** The first of what is to come; what is behind it comes next. Whoever follows events is told to look again. */
const next = <A>(state: State, rest: () => ReadonlyArray<A>, put: (rest: ReadonlyArray<A>) => void, what: string) =>
  Effect.suspend(() => {
    const [first, ...others] = rest()
    if (first === undefined) return missing(what)
    if (others.length > 0) put(others)
    return Effect.as(others.length > 0 ? PubSub.publish(state.looked, undefined) : Effect.void, first)
  })

const migrationOf = (state: State) =>
  next(
    state,
    () => state.world.migration,
    (rest) => void (state.world.migration = rest),
    "migration"
  )

const evacuationOf = (state: State) =>
  next(
    state,
    () => state.world.evacuation,
    (rest) => void (state.world.evacuation = rest),
    "evacuation"
  )

const named = <A extends { readonly id: string }, E, R>(
  id: string,
  what: string,
  found: Effect.Effect<A, E, R>,
  peek: () => string | undefined
) => Effect.suspend((): Effect.Effect<A, E | NotFound, R> => (peek() === id ? found : missing(what)))

/** Only the console asks for this. */
const unasked = Effect.dieMessage("no command asks for this")

const hosts = (state: State) =>
  HttpApiBuilder.group(CoordinatorApi, "hosts", (handlers) => {
    const change = (what: string, name: string, payload: object) =>
      Effect.tap(hostOf(state, name), () => void state.asked.push({ what, payload }))
    return handlers
      .handle("list", () =>
        Effect.sync(() =>
          state.world.hosts.map((host) => ({
            ...host,
            pfs: host.pfs.length,
            vfs: host.pfs.flatMap((pf) => pf.vfs).length
          }))
        )
      )
      .handle("pfs", () => unasked)
      .handle("register", ({ payload }) => Effect.orDie(change("register", payload.name, payload)))
      .handle("describe", ({ path }) => hostOf(state, path.host))
      .handle("remove", ({ path }) => Effect.asVoid(change("remove", path.host, {})))
      .handle("health", ({ path }) => Effect.map(hostOf(state, path.host), ({ health }) => health))
      .handle("cordon", ({ path, payload }) => change("cordon", path.host, payload))
      .handle("uncordon", ({ path }) => change("uncordon", path.host, {}))
      .handle("cordonPf", ({ path, payload }) => change("cordonPf", path.host, { ...payload, pf: path.pf }))
      .handle("uncordonPf", ({ path }) => change("uncordonPf", path.host, { pf: path.pf }))
  })

const vfsAndGroups = (state: State) =>
  Layer.merge(
    HttpApiBuilder.group(CoordinatorApi, "vfs", (handlers) =>
      handlers
        .handle("list", ({ urlParams }) =>
          Effect.succeed(
            vfs.filter((vf) => (urlParams.host ?? vf.host) === vf.host && (urlParams.state ?? vf.state) === vf.state)
          )
        )
        .handle("placements", () => Effect.sync(() => state.world.placements))
        .handle("compatibility", () => unasked)
    ),
    HttpApiBuilder.group(CoordinatorApi, "groups", (handlers) =>
      handlers
        .handle("list", () => Effect.succeed(groups))
        .handle("define", ({ path, payload }) => {
          state.asked.push({ what: "define", payload })
          return Effect.succeed({ name: path.group, ...payload })
        })
        .handle("remove", ({ path }) => (path.group === "web-1" ? Effect.void : missing("group")))
    )
  )

const migrations = (state: State) =>
  Layer.merge(
    HttpApiBuilder.group(CoordinatorApi, "preflight", (handlers) =>
      handlers.handle("check", ({ payload }) => {
        state.asked.push({ what: "preflight", payload })
        return Effect.sync(() => state.world.preflight)
      })
    ),
    HttpApiBuilder.group(CoordinatorApi, "migrations", (handlers) => {
      const peek = () => state.world.migration[0]?.id
      const show = (id: string) => named(id, "migration", migrationOf(state), peek)
      const change = (what: string, id: string, payload: object) =>
        Effect.tap(show(id), () => void state.asked.push({ what, payload }))
      return handlers
        .handle("start", ({ headers, payload }) => {
          state.asked.push({ what: "start", payload, key: headers[idempotencyHeader] })
          return Effect.suspend(() => {
            const [first] = state.world.migration
            return first === undefined ? missing("migration") : Effect.succeed(first)
          })
        })
        .handle("list", ({ urlParams }) => {
          state.asked.push({ what: "list", payload: urlParams })
          return Effect.succeed({ migrations: state.world.migration.slice(0, urlParams.limit), next: null })
        })
        .handle("show", ({ path }) => show(path.id))
        .handle("bundle", ({ path, urlParams }) =>
          Effect.map(change("bundle", path.id, urlParams), () => state.world.bundle)
        )
        .handle("cancel", ({ path, payload }) => change("cancel", path.id, payload))
        .handle("redirect", ({ path, payload }) => change("redirect", path.id, payload))
        .handle("resolve", ({ path, payload }) => change("resolve", path.id, payload))
    })
  )

const evacuations = (state: State) =>
  Layer.merge(
    HttpApiBuilder.group(CoordinatorApi, "evacuations", (handlers) => {
      const show = (id: string) => named(id, "evacuation", evacuationOf(state), () => state.world.evacuation[0]?.id)
      return handlers
        .handle("plan", () => Effect.sync(() => state.world.plan))
        .handle("start", ({ headers, payload }) => {
          state.asked.push({ what: "evacuate", payload, key: headers[idempotencyHeader] })
          return Effect.suspend(() => {
            const [first] = state.world.evacuation
            return first === undefined ? missing("host") : Effect.succeed(first)
          })
        })
        .handle("list", () => Effect.sync(() => state.world.evacuation.slice(0, 1)))
        .handle("show", ({ path }) => show(path.id))
        .handle("cancel", ({ path }) =>
          Effect.tap(show(path.id), () => void state.asked.push({ what: "cancelEvacuation", payload: {} }))
        )
    }),
    HttpApiBuilder.group(CoordinatorApi, "policy", (handlers) =>
      handlers
        .handle("get", () => Effect.sync(() => state.world.policy))
        .handle("put", ({ payload }) => {
          const { attempts } = payload.retry
          if (attempts > 50)
            return new Refused({ code: "policy.attempts", message: `${attempts} are too many`, refusals: [] })
          state.world.policy = payload
          return Effect.succeed(payload)
        })
    )
  )

const summary = HttpApiBuilder.group(CoordinatorApi, "summary", (handlers) => handlers.handle("show", () => unasked))
const caller = HttpApiBuilder.group(CoordinatorApi, "caller", (handlers) => handlers.handle("show", () => Caller))

const message = (id: number, event: string, data: string) => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`

/** The journal, then a position at every look: nothing more happens, but somebody should look. */
const following = (state: State) =>
  HttpApiBuilder.group(CoordinatorApi, "events", (handlers) =>
    handlers.handleRaw("follow", ({ headers, urlParams: { follow, migration, ...position } }) => {
      const after = headers[lastEventHeader] ?? position.after ?? 0
      const wanted = journal.filter(
        ({ correlation, sequence }) => sequence > after && (migration ?? correlation) === correlation
      )
      const past = Stream.fromIterable(
        wanted.map((event) => message(event.sequence, messages.event, JSON.stringify(event)))
      )
      const [, last] = journal
      const again = message(journal.length, messages.event, JSON.stringify(last))
      const live = Stream.map(Stream.fromPubSub(state.looked), () => again)
      const body = follow ? Stream.concat(past, live) : past
      return Effect.succeed(HttpServerResponse.stream(Stream.encodeText(body), { contentType: "text/event-stream" }))
    })
  )

const encode = Schema.encodeSync(ApiError)

/** Answers in place of the API, where a test wants that. */
const overridden = (state: State, app: HttpApp.Default) =>
  Effect.suspend(() => {
    const { failing, foreign } = state
    if (failing !== undefined && failing.after-- <= 0 && failing.times-- > 0)
      return Effect.succeed(HttpServerResponse.unsafeJson(encode(failing.error), { status: failing.status }))
    return foreign === undefined ? app : Effect.succeed(HttpServerResponse.text(foreign))
  })

/** Serves on a free port of this machine until it is disposed of; over TLS with a certificate that nobody vouches for, if that is asked for. */
export const serveStub = async (tls = false): Promise<Stub> => {
  const scope = Effect.runSync(Scope.make())
  const looked = await Effect.runPromise(PubSub.sliding<void>(16))
  const state: State = { world: world(), asked: [], failing: undefined, closed: false, foreign: undefined, looked }
  const handlers = Layer.mergeAll(
    caller,
    summary,
    hosts(state),
    vfsAndGroups(state),
    migrations(state),
    evacuations(state),
    following(state)
  )
  const live = HttpApiBuilder.serve((app) => overridden(state, app)).pipe(
    Layer.provide(HttpApiBuilder.api(CoordinatorApi)),
    Layer.provide(handlers),
    Layer.provide(access(state)),
    Layer.provideMerge(
      NodeHttpServer.layer(() => (tls ? createTlsServer({ cert, key }) : createServer()), {
        port: 0,
        host: "127.0.0.1"
      })
    )
  )
  const url = await Layer.buildWithScope(live, scope).pipe(
    Effect.flatMap((context) => Effect.provide(HttpServer.addressFormattedWith(Effect.succeed), context)),
    Effect.runPromise
  )
  return Object.assign(state, {
    url: tls ? url.replace(/^http:/, "https:") : url,
    dispose: () => Effect.runPromise(Scope.close(scope, Exit.void))
  })
}

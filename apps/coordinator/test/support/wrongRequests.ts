/** Wrong requests to a coordinator with two hosts, alpha and beta, and a group of one VF on alpha: each with the error that it gets. */
import type { Sent } from "./requests.ts"

/** A request, and what is said of it. */
interface Wrong {
  readonly what: string
  readonly sent: Sent
  readonly status: number
  readonly code: string
  readonly says: RegExp
}

const api = "/api/v1"
const key = { "idempotency-key": "key-of-a-wrong-request" }
const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Sent => ({
  method: "POST",
  path: `${api}${path}`,
  body,
  headers
})
const get = (path: string, headers: Readonly<Record<string, string>> = {}): Sent => ({
  method: "GET",
  path: `${api}${path}`,
  headers
})
const migrate = (body: object) => post("/migrations", body, key)
const wrong = (what: string, sent: Sent, status: number, code: string, says: RegExp): Wrong => ({
  what,
  sent,
  status,
  code,
  says
})
const from = { from: "alpha", devices: ["pf0/vf0"] }
const policy = {
  limits: { fleet: 16, host: 4, pf: 2 },
  ageingMillis: 60_000,
  downtimeLimitMillis: 300,
  retry: { attempts: 3, baseMillis: 1000, maxMillis: 60_000, jitter: 0.5 },
  breaker: { failures: 5, pauseMillis: 30_000, maxPauseMillis: 600_000 }
}
const put = (path: string, body: unknown): Sent => ({ method: "PUT", path: `${api}${path}`, body })

export const table: ReadonlyArray<Wrong> = [
  wrong(
    "a path that is not there",
    get("/hoosts"),
    404,
    "request.path",
    /there is no \/api\/v1\/hoosts; \/openapi\.json/
  ),
  wrong("a path outside of the API", { method: "GET", path: "/" }, 404, "request.path", /there is no \//),
  wrong(
    "a method that a path does not have",
    { method: "DELETE", path: `${api}/policy` },
    405,
    "request.method",
    /has no DELETE; use GET, PUT/
  ),
  wrong(
    "a method that a page does not have",
    { method: "POST", path: "/healthz", body: {} },
    405,
    "request.method",
    /use GET/
  ),
  wrong("a body that is no JSON", post("/hosts", "{name:"), 400, "request.json", /the body is no JSON: .*JSON/),
  wrong("no body", post("/hosts", ""), 400, "request.invalid", /RegisterHost/),
  wrong(
    "a body of another type",
    post("/hosts", "a=b", { "content-type": "text/plain" }),
    415,
    "request.content-type",
    /text\/plain; send application\/json/
  ),
  wrong(
    "a body that is too long",
    post("/hosts", { name: "x".repeat(70_000) }),
    413,
    "request.size",
    /more than 65536 bytes/
  ),
  wrong(
    "everything wrong at once",
    post("/hosts", { name: "a b", adress: "x" }),
    400,
    "request.invalid",
    /HostName: write 1 to 64.*address: is missing|address: is missing.*HostName/s
  ),
  wrong(
    "a field that nobody knows",
    post("/hosts", { name: "a", address: "1", port: 7 }),
    400,
    "request.invalid",
    /port: is unexpected/
  ),
  wrong(
    "an address that is none",
    post("/hosts", { name: "gamma", address: "nowhere at all" }),
    503,
    "host.unreachable",
    /no address: "nowhere at all"/
  ),
  wrong(
    "a host that does not answer",
    post("/hosts", { name: "gamma", address: "unix:/nowhere.sock" }),
    503,
    "host.unreachable",
    /no answer from unix:\/nowhere\.sock.*nothing was registered/
  ),
  wrong("a host that is not there", get("/hosts/gamma"), 404, "host.unknown", /no host gamma/),
  wrong(
    "removing one that is not there",
    { method: "DELETE", path: `${api}/hosts/gamma` },
    404,
    "fleet.host.unknown",
    /register it first/
  ),
  wrong("a name that is none in a path", get("/hosts/a%20b"), 400, "request.invalid", /host: HostName: write/),
  wrong(
    "a cordon without a reason",
    post("/hosts/alpha/cordon", { reason: " " }),
    400,
    "fleet.cordon.reason",
    /give a reason/
  ),
  wrong(
    "a cordon of a PF that is not there",
    post("/hosts/alpha/pfs/pf9/cordon", { reason: "x" }),
    404,
    "fleet.pf.unknown",
    /choose one of: pf0/
  ),
  wrong("a state that there is none of", get("/vfs?state=SLEEPING"), 400, "request.invalid", /RUNNING.*SLEEPING/s),
  wrong("a filter that there is none of", get("/vfs?colour=red"), 400, "request.invalid", /colour: is unexpected/),
  wrong("a placement of nothing", get("/vfs/placements?host=alpha"), 400, "request.invalid", /device: is missing/),
  wrong(
    "a placement of a VF that is not there",
    get("/vfs/placements?host=alpha&device=pf0%2Fvf9"),
    404,
    "vf.unknown",
    /no vf alpha:pf0\/vf9/
  ),
  wrong(
    "a group of a VF that is not there",
    put("/groups/vm1", { host: "alpha", devices: ["pf0/vf9"] }),
    404,
    "fleet.vf.unknown",
    /pf0\/vf9/
  ),
  wrong("a group of nothing", put("/groups/vm1", { host: "alpha", devices: [] }), 400, "request.invalid", /devices/),
  wrong(
    "a group that is not there",
    { method: "DELETE", path: `${api}/groups/vm1` },
    404,
    "fleet.group.unknown",
    /vm1/
  ),
  wrong(
    "a preflight from nowhere",
    post("/preflight", { from: "gamma", devices: ["pf0/vf0"] }),
    404,
    "host.unknown",
    /gamma/
  ),
  wrong(
    "a migration without a key",
    post("/migrations", from),
    400,
    "request.invalid",
    /Idempotency-Key: send 8 to 128/
  ),
  wrong(
    "a key that is too short",
    post("/migrations", from, { "idempotency-key": "short" }),
    400,
    "request.invalid",
    /Idempotency-Key: send 8 to 128/
  ),
  wrong("a migration of nothing", migrate({ from: "alpha", devices: [] }), 400, "request.invalid", /devices/),
  wrong(
    "a migration without devices or group",
    migrate({ from: "alpha" }),
    400,
    "request.invalid",
    /name the devices, or the group/
  ),
  wrong(
    "a device that is not there",
    migrate({ from: "alpha", devices: ["pf0/vf9"] }),
    404,
    "fleet.vf.unknown",
    /pf0\/vf9/
  ),
  wrong(
    "a device twice",
    migrate({ from: "alpha", devices: ["pf0/vf0", "pf0/vf0"] }),
    400,
    "fleet.devices.twice",
    /named once/
  ),
  wrong("a migration to where it is", migrate({ ...from, to: { host: "alpha" } }), 400, "fleet.host.same", /two hosts/),
  wrong(
    "a destination that is not there",
    migrate({ ...from, to: { host: "gamma" } }),
    404,
    "fleet.host.unknown",
    /gamma/
  ),
  wrong(
    "a destination VF that is not there",
    migrate({ ...from, to: { host: "beta", devices: ["pf0/vf9"] } }),
    404,
    "fleet.vf.unknown",
    /pf0\/vf9/
  ),
  wrong(
    "two destinations for one device",
    migrate({ ...from, to: { host: "beta", devices: ["pf0/vf0", "pf0/vf1"] } }),
    400,
    "fleet.devices.count",
    /name 1 VFs/
  ),
  wrong(
    "a priority that is none",
    migrate({ ...from, priority: 10 }),
    400,
    "request.invalid",
    /write a priority from 0 to 9/
  ),
  wrong(
    "a downtime limit that is none",
    migrate({ ...from, downtimeLimitMillis: 0.5 }),
    400,
    "request.invalid",
    /whole milliseconds/i
  ),
  wrong("null for what is left out", migrate({ ...from, to: null }), 400, "request.invalid", /to/),
  wrong("a group nobody has defined", migrate({ from: "alpha", group: "vm7" }), 404, "fleet.group.unknown", /vm7/),
  wrong("a migration that is not there", get("/migrations/m-1"), 404, "migration.unknown", /no migration m-1/),
  wrong("cancelling one that is not there", post("/migrations/m-1/cancel", {}), 404, "migration.unknown", /m-1/),
  wrong(
    "resolving one that is not there",
    post("/migrations/m-1/resolve", { verdict: "source", accepting: "" }),
    404,
    "migration.unknown",
    /m-1/
  ),
  wrong(
    "a verdict that is none",
    post("/migrations/m-1/resolve", { verdict: "both", accepting: "" }),
    400,
    "request.invalid",
    /source.*destination.*both/s
  ),
  wrong("a page of nothing", get("/migrations?limit=0"), 400, "request.invalid", /1 to 500 items/),
  wrong("a phase that is none", get("/migrations?phase=sleeping"), 400, "request.invalid", /sleeping/),
  wrong("an evacuation of nothing", post("/evacuations", { host: "gamma" }, key), 404, "fleet.host.unknown", /gamma/),
  wrong(
    "a plan of a PF that is not there",
    post("/evacuations/plan", { host: "alpha", pf: "pf9" }),
    404,
    "fleet.pf.unknown",
    /pf9/
  ),
  wrong("an evacuation that is not there", get("/evacuations/e-1"), 404, "evacuation.unknown", /e-1/),
  wrong(
    "cancelling an evacuation that is not there",
    { method: "POST", path: `${api}/evacuations/e-1/cancel` },
    404,
    "fleet.evacuation.unknown",
    /e-1/
  ),
  wrong(
    "a policy with a hole",
    put("/policy", { ...policy, retry: {} }),
    400,
    "request.invalid",
    /retry\.attempts: is missing.*retry\.jitter: is missing/s
  ),
  wrong(
    "a policy out of bounds",
    put("/policy", { ...policy, limits: { fleet: 0, host: 4, pf: 2 } }),
    400,
    "request.invalid",
    /limits\.fleet: write a whole number from 1 to 4096/
  ),
  wrong(
    "a policy that contradicts itself",
    put("/policy", { ...policy, retry: { ...policy.retry, maxMillis: 10 } }),
    400,
    "fleet.bounds",
    /retry\.maxMs/
  ),
  wrong(
    "a parameter where there is none",
    get("/hosts?colour=red"),
    400,
    "request.query",
    /GET \/api\/v1\/hosts takes no parameters, and '\?colour=red'/
  ),
  wrong(
    "a body where there is none",
    post("/hosts/beta/uncordon", { reason: "x" }),
    400,
    "request.body",
    /takes no body/
  ),
  wrong(
    "an address of another host",
    post("/hosts", { name: "alpha", address: "ADDRESS OF beta" }),
    409,
    "fleet.host.identity",
    /register it as beta, or correct the address/
  ),
  wrong("the health of a host that is not there", get("/hosts/gamma/health"), 404, "host.unknown", /no host gamma/),
  wrong(
    "a cordon of a host that is not there",
    post("/hosts/gamma/cordon", { reason: "x" }),
    404,
    "fleet.host.unknown",
    /gamma/
  ),
  wrong(
    "an uncordon of a host that is not there",
    { method: "POST", path: `${api}/hosts/gamma/uncordon` },
    404,
    "fleet.host.unknown",
    /gamma/
  ),
  wrong(
    "an uncordon of a PF that is not there",
    { method: "POST", path: `${api}/hosts/alpha/pfs/pf9/uncordon` },
    404,
    "fleet.pf.unknown",
    /pf9/
  ),
  wrong(
    "a placement from a host that is not there",
    get("/vfs/placements?host=gamma&device=pf0%2Fvf0"),
    404,
    "host.unknown",
    /gamma/
  ),
  wrong(
    "a group on a host that is not there",
    put("/groups/vm1", { host: "gamma", devices: ["pf0/vf0"] }),
    404,
    "fleet.host.unknown",
    /gamma/
  ),
  wrong(
    "a VF of another group",
    put("/groups/other", { host: "alpha", devices: ["pf0/vf1"] }),
    409,
    "fleet.group.member",
    /pf0\/vf1.*known/
  ),
  wrong(
    "a preflight of a VF that is not there",
    post("/preflight", { from: "alpha", devices: ["pf0/vf9"] }),
    404,
    "fleet.vf.unknown",
    /pf0\/vf9/
  ),
  wrong(
    "a preflight to a host that is not there",
    post("/preflight", { ...from, to: { host: "gamma" } }),
    404,
    "host.unknown",
    /gamma/
  ),
  wrong(
    "part of a group",
    migrate({ from: "alpha", group: "known", devices: ["pf0/vf0"] }),
    409,
    "fleet.group.devices",
    /all devices of a group move together/
  ),
  wrong(
    "a group from where it is not",
    migrate({ from: "beta", group: "known" }),
    409,
    "fleet.group.host",
    /migrate from alpha/
  ),
  wrong(
    "redirecting one that is not there",
    post("/migrations/m-1/redirect", { to: { host: "beta" } }),
    404,
    "migration.unknown",
    /m-1/
  ),
  wrong(
    "a page after a migration that is none",
    get("/migrations?after=%20"),
    400,
    "request.invalid",
    /after: MigrationId/
  ),
  wrong("too many at once", get("/migrations?limit=501"), 400, "request.invalid", /1 to 500 items/),
  wrong("half a migration", get("/migrations?limit=1.5"), 400, "request.invalid", /whole number of items/),
  wrong("a page neither live nor not", get("/migrations?live=perhaps"), 400, "request.invalid", /live:.*perhaps/s),
  wrong(
    "a priority of an evacuation that is none",
    post("/evacuations", { host: "alpha", priority: -1 }, key),
    400,
    "request.invalid",
    /0 to 9/
  ),
  wrong(
    "an evacuation without a key",
    post("/evacuations", { host: "alpha" }),
    400,
    "request.invalid",
    /Idempotency-Key: send 8 to 128/
  ),
  wrong("a position that is none", get("/events?after=-1"), 400, "request.invalid", /a sequence is a whole number/),
  wrong("a last event that is none", get("/events", { "last-event-id": "x" }), 400, "request.invalid", /last-event-id/),
  wrong("a position that is not yet", get("/events?after=999999"), 400, "events.position", /the last event is/)
]

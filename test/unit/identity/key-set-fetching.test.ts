import { lookup } from "node:dns/promises";
import type { RequestListener } from "node:http";
import { parseJwksUrl } from "../../../identity/accounts/jwks-url.ts";
import {
  explainFailedFetch,
  fetchKeySet,
} from "../../../identity/tokens/customer-keys/fetch-key-set.ts";
import { lookUpWith } from "../../../identity/outgoing/look-up.ts";
import { reachableAddresses } from "../../../identity/outgoing/reachable-address.ts";
import { ed25519, jwkOf } from "../../support/device.ts";
import { startKeySetServer, type KeySetServer } from "../../support/key-set-server.ts";
import { startNameServer } from "../../support/name-server.ts";

const local = { networks: ["127.0.0.0/8", "::1"], allowsLocalHttp: true };
let backend: KeySetServer;
beforeAll(async () => {
  backend = await startKeySetServer({ published: ed25519() });
});
afterAll(() => backend.close());
afterEach(() => {
  backend.answer = undefined;
});

test.each([
  ["10.1.2.3", false],
  ["127.0.0.1", false],
  ["169.254.169.254", false],
  ["100.64.0.1", false],
  ["0.0.0.0", false],
  ["::1", false],
  ["::ffff:10.1.2.3", false],
  ["64:ff9b::a01:203", false],
  ["fd00::1", false],
  ["fe80::1%eth0", false],
  ["not an address", false],
  ["93.184.216.34", true],
  ["2606:2800:220:1::1", true],
  ["168.63.129.16", false],
  ["::a01:203", false],
  ["4000::1", false],
  ["fec0::1", false],
])("whether the server may connect to %s: %s", (address, expected) => {
  expect(reachableAddresses([])(address)).toBe(expected);
});

test("a private network is reached if a setting names it, and no other", () => {
  const mayReach = reachableAddresses(["10.1.0.0/16", "fd00::7"]);
  expect(["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"].map(mayReach)).toEqual([true, true, true]);
  expect(["10.2.0.1", "fd00::8", "169.254.169.254"].map(mayReach)).toEqual([false, false, false]);
});

test.each([
  "http://backend.example/jwks",
  "http://127.0.0.1.backend.example/jwks",
  "https://user:pass@backend.example/jwks",
  "https://backend.example/jwks#x",
  "file:///etc/passwd",
  "jwks",
  `https://backend.example/${"x".repeat(2048)}`,
])("%s is no URL of a key set", (url) => {
  expect(() => parseJwksUrl(url, local)).toThrow(
    expect.objectContaining({ code: "invalid_jwks_url" }),
  );
});

test("a local http URL is taken in development only", () => {
  expect(parseJwksUrl("http://localhost:9000/jwks", local)).toBe("http://localhost:9000/jwks");
  expect(() => parseJwksUrl("http://localhost:9000/jwks", { allowsLocalHttp: false })).toThrow(
    expect.objectContaining({ code: "invalid_jwks_url" }),
  );
});

test("keys that cannot sign customer tokens are left out, and a private one too", async () => {
  const key = ed25519();
  const jwk = { ...jwkOf(key), kid: "right", use: "sig" };
  const set = [
    { ...jwk, use: "enc", kid: "for-encryption" },
    { ...jwk, d: "secret", kid: "private" },
    { kty: "oct", k: "c2VjcmV0", kid: "symmetric" },
    { ...jwk, alg: "HS256", kid: "confused" },
    jwkOf(key),
    "no key",
    jwk,
    { ...jwkOf(ed25519()), kid: "right" },
  ];
  backend.answer = (_request, response) => void response.end(JSON.stringify({ keys: set }));
  expect(await fetchKeySet(backend.url, local)).toEqual([{ ...jwk, alg: "EdDSA" }]);
});

const answers: Readonly<Record<string, RequestListener>> = {
  redirected: (_request, response) =>
    void response.writeHead(302, { location: "http://169.254.169.254/latest" }).end(),
  not_ok: (_request, response) => void response.writeHead(503).end("{}"),
  too_large: (_request, response) =>
    void response.end(`{"keys":[],"padding":"${"x".repeat(64 * 1024)}"}`),
  not_a_key_set: (_request, response) => void response.end("<html>"),
  unreachable: (request) => void request.socket.destroy(),
};

test.each(Object.entries(answers))("an answer is refused: %s", async (failure, answer) => {
  backend.answer = answer;
  await expect(fetchKeySet(backend.url, local)).rejects.toMatchObject({
    code: "jwks_unavailable",
    reasons: [failure],
  });
});

test("a host with a private address is not connected to, by its address or by its name", async () => {
  const before = backend.fetches;
  const port = new URL(backend.url).port;
  for (const host of ["127.0.0.1", "localhost"])
    await expect(
      fetchKeySet(`http://${host}:${port}/jwks.json`, { networks: [], allowsLocalHttp: true }),
    ).rejects.toMatchObject({ code: "jwks_unavailable", reasons: ["address_not_allowed"] });
  expect(backend.fetches).toBe(before);
});

test("a set that arrives too slowly is given up", async () => {
  backend.answer = (_request, response) => void response.write('{"keys":[');
  await expect(fetchKeySet(backend.url, local)).rejects.toMatchObject({ reasons: ["too_late"] });
}, 15_000);

const named = (host: string, nameServer: string) =>
  fetchKeySet(
    `https://${host}/jwks.json`,
    local,
    lookUpWith({ allowsLocalhost: true, nameServers: [nameServer] }),
  );

test("a name server that is dead is given up, and occupies no thread of other look-ups", async () => {
  const dead = await startNameServer(undefined);
  const fetches = Array.from({ length: 8 }, (_, at) => named(`s${at}.example`, dead.address));
  const settled = Promise.allSettled(fetches);
  await lookup("localhost");
  for (const each of await settled)
    expect(each).toMatchObject({ reason: { code: "jwks_unavailable" } });
  expect(dead.questions).toBeGreaterThanOrEqual(16);
  dead.close();
}, 15_000);

test("a look-up ends at the abort", async () => {
  const dead = await startNameServer(undefined);
  const lookUp = lookUpWith({ allowsLocalhost: false, nameServers: [dead.address] });
  const late = new AbortController();
  const looking = lookUp("s.example", late.signal);
  late.abort();
  await expect(looking).rejects.toMatchObject({ code: "ECANCELLED" });
  await expect(lookUp("s.example", late.signal)).rejects.toMatchObject({ name: "AbortError" });
  dead.close();
});

test("a host whose name leads to a private address is not connected to", async () => {
  const names = await startNameServer("10.1.2.3");
  await expect(named("inside.example", names.address)).rejects.toMatchObject({
    reasons: ["address_not_allowed"],
  });
  names.close();
});

test("every failure has the same sentence for the caller, which does not describe the network", async () => {
  const names = await startNameServer("10.1.2.3");
  backend.answer = answers["not_ok"];
  const failures = await Promise.allSettled([
    fetchKeySet(backend.url, local),
    named("inside.example", names.address),
  ]);
  const sentences = failures.map((each) => each.status === "rejected" && each.reason.message);
  expect(new Set(sentences).size).toBe(1);
  expect(
    failures.map((each) => explainFailedFetch(each.status === "rejected" && each.reason)),
  ).toEqual([expect.stringContaining("status 200"), expect.stringContaining("OUTGOING_NETWORKS")]);
  names.close();
});

test("a set with thousands of members is refused before they are parsed", async () => {
  const members = Array.from({ length: 65 }, (_, at) => at);
  backend.answer = (_request, response) => void response.end(JSON.stringify({ keys: members }));
  await expect(fetchKeySet(backend.url, local)).rejects.toMatchObject({
    code: "invalid_customer_keys",
  });
});

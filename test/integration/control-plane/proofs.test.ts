import { randomUUID } from "node:crypto";
import { dpopProof, ed25519, jwkOf, signedJwt, TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let device: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
});
afterAll(() => server.close());

const path = "/v1/staff";
const seconds = (offset: number) => Math.floor(server.clock.now() / 1000) + offset;
const proofWith = (claims: object = {}, header: object = {}) =>
  device.proof("GET", path, { token: device.token, claims, header });
const statusWith = async (proof: string) => {
  const { status, body } = await device.request("GET", path, { proof });
  return status === 200 ? "accepted" : body.code;
};

test("a good proof is accepted, also with a query in its URL or the request's", async () => {
  expect(await statusWith(proofWith())).toBe("accepted");
  expect(await statusWith(proofWith({ htu: `${server.url}${path}?role=agent#x` }))).toBe(
    "accepted",
  );
});

test.each<[string, () => object]>([
  ["for another method", () => ({ htm: "POST" })],
  ["for another path", () => ({ htu: `${server.url}/v1/devices` })],
  ["for another host", () => ({ htu: `https://elsewhere.example${path}` })],
  ["whose URL is none", () => ({ htu: "staff" })],
  ["made 61 s ago", () => ({ iat: seconds(-62) })],
  ["made 61 s ahead", () => ({ iat: seconds(62) })],
  ["without a time", () => ({ iat: undefined })],
  ["without an id", () => ({ jti: undefined })],
  ["with an endless id", () => ({ jti: "x".repeat(300) })],
  ["without the token's hash", () => ({ ath: undefined })],
  ["for another token", () => ({ ath: "A".repeat(43) })],
])("a proof %s is refused", async (_what, claims) => {
  expect(await statusWith(proofWith(claims()))).toBe("invalid_proof");
});

test.each<[string, () => object]>([
  ["of another type", () => ({ typ: "JWT" })],
  ["of an algorithm that does not sign", () => ({ alg: "none" })],
  ["of another algorithm", () => ({ alg: "HS256" })],
  ["without a key", () => ({ jwk: undefined })],
  [
    "with its private key inside",
    () => ({ jwk: device.deviceKey.privateKey.export({ format: "jwk" }) }),
  ],
  ["with a key that is none", () => ({ jwk: { ...jwkOf(device.deviceKey), x: "AAAA" } })],
  ["with a symmetric key", () => ({ jwk: { kty: "oct", k: "AAAA" } })],
])("a proof %s is refused", async (_what, header) => {
  expect(await statusWith(proofWith({}, header()))).toBe("invalid_proof");
});

test("a proof by another key than it names is refused", async () => {
  const url = server.url + path;
  const claims = { jti: randomUUID(), htm: "GET", htu: url, iat: seconds(0) };
  const header = { typ: "dpop+jwt", jwk: jwkOf(device.deviceKey) };
  expect(await statusWith(signedJwt(ed25519(), header, claims))).toBe("invalid_proof");
});

test("a proof by another key than the token's is refused", async () => {
  const proof = dpopProof(ed25519(), {
    method: "GET",
    url: server.url + path,
    token: device.token,
    nowMs: server.clock.now(),
  });
  expect(await statusWith(proof)).toBe("invalid_token");
});

test("a proof serves once, also at sign-in", async () => {
  const proof = proofWith();
  expect(await statusWith(proof)).toBe("accepted");
  expect(await statusWith(proof)).toBe("proof_reused");

  const { tenant, username, password } = await server.createStaff("agent");
  const body = { grant: "password", tenant, username, password };
  const signIn = device.proof("POST", "/v1/sessions");
  const send = () => device.request("POST", "/v1/sessions", { body, token: "", proof: signIn });
  expect((await send()).status).toBe(201);
  expect((await send()).body.code).toBe("proof_reused");
});

test("a request with a refused proof, or with a token that the server did not make, leaves no entry", async () => {
  /** Entries about requests. Checkpoints are entries, too, and come by themselves. */
  const entries = async () => {
    const { rows } = await server.database.owner.query<{ entry: Buffer }>(
      "select entry from audit.entries order by id",
    );
    return rows.map(({ entry }) => entry.toString()).filter((entry) => entry.startsWith("{"));
  };
  const before = await entries();
  expect(await statusWith(proofWith({ htm: "POST" }))).toBe("invalid_proof");
  const foreign = { proof: proofWith(), token: `${device.token}x` };
  expect((await device.request("DELETE", `/v1/devices/${device.id}`, foreign)).status).toBe(401);
  expect(await entries()).toEqual(before);
});

test("a proof that was refused for its token may not have been spent", async () => {
  const proof = proofWith();
  const foreign = await device.request("GET", path, { proof, token: `${device.token}x` });
  expect(foreign.status).toBe(401);
  expect(await statusWith(proof)).toBe("accepted");
});

describe("a request without", () => {
  const get = (headers: Record<string, string>) => fetch(server.url + path, { headers });
  const proofHeader = () => ({ dpop: proofWith() });

  test.each<[string, () => Record<string, string>]>([
    ["a token", proofHeader],
    ["a proof", () => ({ authorization: `DPoP ${device.token}` })],
    ["the DPoP scheme", () => ({ authorization: `Bearer ${device.token}`, ...proofHeader() })],
    ["anything", () => ({})],
  ])("%s is refused, and told how", async (_what, headers) => {
    const response = await get(headers());
    expect(response.status).toBe(401);
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(response.headers.get("www-authenticate")).toMatch(/^DPoP .*algs="EdDSA"/);
    expect(await response.json()).toMatchObject({ code: "missing_token" });
  });
});

describe("an access token", () => {
  const answerTo = async (token: string) =>
    (await device.request("GET", path, { token })).body.code as string;
  const part = (index: number) => device.token.split(".")[index] ?? "";

  test("with a changed claim is refused", async () => {
    const claims = JSON.parse(Buffer.from(part(1), "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, role: "admin" })).toString("base64url");
    expect(await answerTo([part(0), forged, part(2)].join("."))).toBe("invalid_token");
  });

  test("signed by somebody else is refused", async () => {
    const claims = JSON.parse(Buffer.from(part(1), "base64url").toString()) as object;
    expect(await answerTo(signedJwt(device.deviceKey, { typ: "at+jwt" }, claims))).toBe(
      "invalid_token",
    );
  });

  test("that is a proof, is refused", async () => {
    expect(await answerTo(proofWith())).toBe("invalid_token");
  });
});

import { createHash, randomUUID } from "node:crypto";
import { parseCustomerKeys } from "../../../identity/accounts/customer-keys.ts";
import { TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const base64url = (text: string | Uint8Array) => Buffer.from(text).toString("base64url");
/** The neutral element: as a key, one signature of it holds for every message. */
const neutral = Buffer.from(`01${"00".repeat(31)}`, "hex");
const forged = base64url(Buffer.concat([neutral, Buffer.alloc(32)]));
const jwk = { kty: "OKP", crv: "Ed25519", x: base64url(neutral) };

/** A DPoP proof by a key without a private half. */
function proofOfNobody(method: string, path: string, token?: string): string {
  const header = base64url(JSON.stringify({ alg: "EdDSA", typ: "dpop+jwt", jwk }));
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: server.url + path,
    iat: Math.floor(Date.now() / 1000),
    ...(token && { ath: createHash("sha256").update(token).digest("base64url") }),
  };
  return `${header}.${base64url(JSON.stringify(claims))}.${forged}`;
}

test("a proof by a key of small order opens no session", async () => {
  const device = new TestDevice(server);
  const grant = {
    grant: "customer_token",
    tenant: server.tenant.slug,
    token: await server.customerToken(randomUUID()),
  };
  const path = "/v1/sessions";
  const proof = proofOfNobody("POST", path);
  const reply = await device.request("POST", path, { body: grant, token: "", proof });
  expect([reply.status, reply.body.code]).toEqual([401, "invalid_proof"]);
});

test.each([
  ["accountKey", "device_not_approved"],
  ["receiptKey", "invalid_certificate"],
] as const)("a device is not registered with an %s of small order", async (name, code) => {
  const device = new TestDevice(server);
  await device.signInAsCustomer(randomUUID());
  const { privateKey } = device[name];
  Object.defineProperty(device, name, { value: { privateKey, publicKey: neutral } });
  const reply = await device.register({ approval: { signature: forged } });
  expect(reply.body?.code).toBe(code);
});

test("a tenant cannot have a customer key of small order", () => {
  expect(() => parseCustomerKeys({ keys: [{ ...jwk, kid: "one" }] })).toThrow(
    expect.objectContaining({ code: "invalid_customer_keys" }),
  );
});

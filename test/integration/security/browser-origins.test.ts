import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { frameBatchType, joinFrames } from "../../../crypto/wire/frame-batch.ts";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { changeOrigins, parseOrigin } from "../../../identity/accounts/origins.ts";
import { customerDevice, TestDevice } from "../../support/device.ts";
import { RelayOverHttp } from "../../support/relay-over-http.ts";
import { helloOf, RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

const shop = "https://shop.example";
const elsewhere = "https://elsewhere.example";
const unknown = "https://unknown.example";

let server: TestServer;
let other: TestTenant;
let device: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  other = await server.createTenant();
  const add = (slug: string, origin: string) =>
    changeOrigins(server.database.ownerUrl, { slug, kind: "add", origin, nowMs: Date.now() });
  await add(server.tenant.slug, shop);
  await add(other.slug, elsewhere);
  device = await customerDevice(server);
});
afterAll(() => server.close());

function preflight(origin: string, path: string, method: string, headers: string) {
  return fetch(server.url + path, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": headers,
    },
  });
}

/** A request of a page of `origin`, on behalf of the device. */
async function ask(origin: string, method = "GET", path = "/v1/staff", changes: object = {}) {
  const headers = {
    origin,
    dpop: device.proof(method, path, { token: device.token }),
    authorization: `DPoP ${device.token}`,
    ...changes,
  };
  const response = await fetch(server.url + path, { method, headers });
  const text = await response.text();
  const body = text === "" ? undefined : (JSON.parse(text) as { readonly code?: string });
  return { response, body, allowed: response.headers.get("access-control-allow-origin") };
}

/** A sign-in of a page of `origin`, with a good token unless another is given. */
async function signIn(origin: string, tenant: TestTenant, token?: string) {
  const newcomer = new TestDevice(server);
  const response = await fetch(`${server.url}/v1/sessions`, {
    method: "POST",
    headers: {
      origin,
      dpop: newcomer.proof("POST", "/v1/sessions"),
      "content-type": "application/json",
    },
    body: JSON.stringify({
      grant: "customer_token",
      tenant: tenant.slug,
      token: token ?? (await server.customerToken(randomUUID(), tenant)),
    }),
  });
  const body = (await response.json()) as { readonly code?: string };
  return {
    status: response.status,
    code: body.code,
    allowed: response.headers.get("access-control-allow-origin"),
  };
}

describe("a preflight", () => {
  test.each([
    ["/v1/sessions", "POST", ["content-type", "dpop"]],
    [
      "/v1/attachments",
      "POST",
      ["authorization", "dpop", "tus-resumable", "upload-length", "upload-metadata"],
    ],
    ["/v1/attachments/x", "PATCH", ["content-type", "upload-offset"]],
    ["/v1/attachments/x", "GET", ["range"]],
    ["/v1/relay/send", "POST", ["relay-connection", "relay-batch"]],
    ["/v1/devices/current/prekeys", "PUT", ["authorization"]],
    ["/v1/devices/x", "DELETE", ["authorization"]],
  ])("for %s by %s is answered for an origin of a tenant", async (path, method, headers) => {
    const answer = await preflight(shop, path, method, headers.join(","));
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe(shop);
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(answer.headers.get("access-control-allow-methods")).toContain(method);
    const allowed = answer.headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
    expect(allowed).toEqual(expect.arrayContaining(headers));
    expect(answer.headers.get("vary")).toContain("Origin");
  });

  test.each([
    unknown,
    "null",
    "http://shop.example",
    "https://shop.example:8443",
    `${shop}.evil.example`,
  ])("of %s is refused", async (origin) => {
    const answer = await preflight(origin, "/v1/sessions", "POST", "dpop");
    expect(answer.status).toBe(403);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("vary")).toContain("Origin");
  });
});

describe("a request", () => {
  test("of a page of the session's tenant is answered, and the page may read what it needs", async () => {
    const { response, allowed } = await ask(shop);
    expect(response.status).toBe(200);
    expect(allowed).toBe(shop);
    expect(response.headers.get("vary")).toContain("Origin");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    const exposed = response.headers.get("access-control-expose-headers")?.split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining([
        "Retry-After",
        "Location",
        "Upload-Offset",
        "Relay-Connection",
        "Date",
      ]),
    );
  });

  test("that fails can be read by such a page too", async () => {
    const { response, allowed, body } = await ask(shop, "GET", "/v1/staff", {
      authorization: "DPoP x",
    });
    expect([response.status, body?.code, allowed]).toEqual([401, "invalid_proof", shop]);
    expect((await ask(shop, "GET", "/v1/nothing")).allowed).toBe(shop);
  });

  test("of a page of another tenant is refused, and the page reads nothing", async () => {
    const { response, body, allowed } = await ask(elsewhere);
    expect([response.status, body?.code, allowed]).toEqual([403, "origin_not_allowed", null]);
  });

  test.each([unknown, "null"])("of a page of %s is refused", async (origin) => {
    const { response, body, allowed } = await ask(origin);
    expect([response.status, body?.code, allowed]).toEqual([403, "origin_not_allowed", null]);
  });

  test("of the server's own origin, or of no page, needs no permission", async () => {
    const own = await ask(new URL(server.url).origin);
    expect([own.response.status, own.allowed]).toEqual([200, null]);
    expect((await device.request("GET", "/v1/staff")).status).toBe(200);
  });
});

describe("a sign-in", () => {
  test("counts for the tenant that allows the page", async () => {
    expect(await signIn(shop, server.tenant)).toMatchObject({ status: 201, allowed: shop });
    expect(await signIn(elsewhere, other)).toMatchObject({ status: 201, allowed: elsewhere });
  });

  test("of a page of another tenant is refused after the token was accepted, and not before", async () => {
    expect(await signIn(elsewhere, server.tenant)).toEqual({
      status: 403,
      code: "origin_not_allowed",
      allowed: null,
    });
    expect(await signIn(elsewhere, server.tenant, "not.a.token")).toMatchObject({
      status: 401,
      code: "sign_in_failed",
    });
    expect((await server.auditEntries()).map(({ reason }) => reason)).toContain(
      "origin_not_allowed",
    );
  });
});

describe("a WebSocket", () => {
  const upgrade = (origin: string) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/relay`, "sealdesk.v1", {
        origin,
      });
      socket.on("open", () => {
        socket.close();
        resolve(101);
      });
      socket.on("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
      socket.on("error", () => undefined);
    });

  test("of a page of no tenant is refused", async () => {
    expect(await upgrade(unknown)).toBe(403);
    expect(await upgrade("null")).toBe(403);
  });

  test("of a page of a tenant, or of the server's own origin, is opened", async () => {
    expect(await upgrade(shop)).toBe(101);
    expect(await upgrade(new URL(server.url).origin)).toBe(101);
  });

  test("of a page of another tenant is closed at the hello", async () => {
    const hello = () => ({ kind: "hello", body: helloOf(device) }) as const;
    const refused = await RelaySocket.dial(server, { origin: elsewhere });
    refused.send(hello());
    expect(await refused.closed).toBe(4501);
    const welcomed = await RelaySocket.dial(server, { origin: shop });
    welcomed.send(hello());
    await welcomed.next("welcome");
    await welcomed.close();
  });
});

test("a relay connection over HTTP is closed at the hello if its tenant does not allow the page", async () => {
  // The page's own tenant allows the request. The hello is of another tenant.
  const path = "/v1/relay/send";
  const closeOf = async (greeting: TestDevice) => {
    const hello = encodeFrame({ kind: "hello", body: helloOf(greeting) });
    const response = await fetch(server.url + path, {
      method: "POST",
      headers: {
        origin: shop,
        dpop: device.proof("POST", path, { token: device.token }),
        authorization: `DPoP ${device.token}`,
        "content-type": frameBatchType,
      },
      body: joinFrames([hello]),
    });
    expect(response.status).toBe(201);
    const relay = new RelayOverHttp(server, response.headers.get("relay-connection") ?? "");
    const { frames, close } = await relay.poll(0);
    return { kind: frames.at(-1)?.kind, close };
  };
  expect(await closeOf(device)).toEqual({ kind: "welcome", close: null });
  const foreign = await customerDevice(server, randomUUID(), other);
  expect(await closeOf(foreign)).toEqual({ kind: "fault", close: "4501 unauthenticated" });
});

describe("the operator", () => {
  const origins = (...args: readonly string[]) =>
    runSealdesk(server, ["tenant", "origins", ...args]);

  test("adds, lists and removes origins; each change is in the audit log", async () => {
    const { slug } = await server.createTenant();
    const app = "capacitor://localhost";
    expect((await origins("list", "--slug", slug)).out).toContain("none");
    expect(await origins("add", "--slug", slug, "--origin", app)).toMatchObject({ code: 0 });
    await origins("add", "--slug", slug, "--origin", "http://localhost:5173");
    await origins("add", "--slug", slug, "--origin", app);
    expect((await origins("list", "--slug", slug)).out.trim().split("\n").toSorted()).toEqual([
      app,
      "http://localhost:5173",
    ]);
    expect((await preflight(app, "/v1/sessions", "POST", "dpop")).status).toBe(204);
    await origins("remove", "--slug", slug, "--origin", app);
    expect((await preflight(app, "/v1/sessions", "POST", "dpop")).status).toBe(403);
    const { rows } = await server.database.owner.query<{ id: TenantId }>(
      "select id from sealdesk.tenants where slug = $1",
      [slug],
    );
    const entries = await server.auditEntries({ id: rows[0]!.id, slug });
    expect(entries.map(({ action, details }) => [action, details])).toEqual([
      ["tenant.create", expect.objectContaining({ origins: [] })],
      ["tenant.add_origin", { origins: [app] }],
      ["tenant.add_origin", { origins: [app, "http://localhost:5173"] }],
      ["tenant.add_origin", { origins: ["http://localhost:5173", app] }],
      ["tenant.remove_origin", { origins: ["http://localhost:5173"] }],
    ]);
  });

  test("creates a tenant with origins", async () => {
    const slug = `t-${randomUUID()}`;
    const create = [
      "tenant",
      "create",
      "--slug",
      slug,
      "--name",
      "T",
      "--origin",
      "https://a.example",
    ];
    expect(await runSealdesk(server, create)).toMatchObject({ code: 0 });
    expect((await origins("list", "--slug", slug)).out.trim()).toBe("https://a.example");
  });

  test.each([
    "https://shop.example/",
    "https://shop.example/path",
    "https://SHOP.example",
    "https://shop.example:443",
    "https://*.example",
    "shop.example",
    "*",
    "null",
    "",
  ])("is told that %j is not an origin", (text) => {
    expect(() => parseOrigin(text)).toThrow(expect.objectContaining({ code: "invalid_origin" }));
  });
});

/** A walk over all routes: what each one takes as a body, and that it is refused by its headers. */
import { apiKeyOf } from "../../support/administration.ts";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import { operatorKeyOf } from "../../support/operator-keys.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

interface Operation {
  readonly "x-body-limit"?: { readonly bytes: number; readonly withinMs: number };
  readonly requestBody?: { readonly content: Record<string, object> };
  readonly security: readonly Record<string, unknown>[];
  readonly responses: Record<string, { readonly description: string }>;
}

let server: TestServer;
let device: TestDevice;
let apiKey: string;
let operatorKey: string;
let routes: { method: string; path: string; operation: Operation }[];
beforeAll(async () => {
  server = await startTestServer();
  device = await staffDevice(server, "auditor");
  apiKey = await apiKeyOf(server);
  operatorKey = await operatorKeyOf(server);
  const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as {
    readonly paths: Record<string, Record<string, Operation>>;
  };
  routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path
        .replace("{tenant}", server.tenant.slug)
        .replaceAll(/\{\w+\}/g, "00000000-0000-4000-8000-000000000000"),
      operation,
    })),
  );
});
afterAll(() => server.close());

/** Sends headers only, and returns the answer. No byte of the body is ever sent. */
async function askByHeaders(
  { method, path }: { readonly method: string; readonly path: string },
  headers: Record<string, string | number>,
): Promise<readonly [status: number, code: string | undefined]> {
  const connection = new RawConnection(server.url).request(`${method} ${path}`, headers);
  const isToHead = method === "HEAD";
  const { status, body } = await connection.answer(isToHead);
  connection.close();
  return [status, isToHead ? undefined : (JSON.parse(body) as { code: string }).code];
}

const limitOf = ({ operation }: { readonly operation: Operation }): number =>
  operation["x-body-limit"]?.bytes ?? Number.NaN;
const typeOf = ({ operation }: { readonly operation: Operation }): string =>
  Object.keys(operation.requestBody?.content ?? {})[0] ?? "application/json";
/** SCIM has errors of its own form (RFC 7644 section 3.12). */
const isScim = ({ path }: { readonly path: string }): boolean => path.startsWith("/scim/");
const isPublic = ({ operation }: { readonly operation: Operation }): boolean =>
  operation.security.length === 0;
const authorised = (method: string, path: string) => ({
  Authorization: `DPoP ${device.token}`,
  DPoP: device.proof(method, path, { token: device.token }),
});

test("every route says how large its body may be, and most are small", () => {
  expect(routes.length).toBeGreaterThan(40);
  for (const route of routes) {
    const { method, path, operation } = route;
    const hasBody = operation.requestBody !== undefined;
    expect([method, path, limitOf(route) > 0]).toEqual([method, path, hasBody]);
    expect(operation["x-body-limit"]?.withinMs).toBeLessThanOrEqual(30_000);
    expect(operation.responses["413"]?.description).toContain("body_too_large");
  }
  const large = routes
    .filter((route) => limitOf(route) > 32 * 1024 && !isScim(route))
    .map(({ path }) => path);
  const administration = `/v1/admin/${server.tenant.slug}/identity-providers`;
  expect(large.toSorted()).toEqual([
    administration,
    `${administration}/00000000-0000-4000-8000-000000000000/teams`,
    "/v1/attachments/00000000-0000-4000-8000-000000000000",
    "/v1/conversations/00000000-0000-4000-8000-000000000000/history-grants",
    "/v1/devices",
    "/v1/devices/current/prekeys",
    "/v1/exports/00000000-0000-4000-8000-000000000000/completion",
    "/v1/link-requests/00000000-0000-4000-8000-000000000000/approval",
    "/v1/notices",
    "/v1/relay/send",
    "/v1/reports",
  ]);
});

test("a sender without a valid token is answered before the body", async () => {
  for (const route of routes) {
    if (isPublic(route)) continue;
    const { method, path } = route;
    const headers = {
      "Content-Type": typeOf(route),
      "Content-Length": Math.max(1, limitOf(route)),
    };
    const answered = await askByHeaders(route, headers);
    expect([method, path, answered[0]]).toEqual([method, path, 401]);
    if (method !== "HEAD" && !isScim(route))
      expect([path, answered[1]]).toEqual([path, "missing_token"]);
    const forged = { ...headers, Authorization: "DPoP a.b.c", DPoP: "a.b.c" };
    expect([method, path, (await askByHeaders(route, forged))[0]]).toEqual([method, path, 401]);
  }
});

test("a body over the limit, or a compressed one, is refused before it is sent", async () => {
  for (const route of routes) {
    const { method, path, operation } = route;
    const byConnection = operation.security.every((each) => "relayConnection" in each);
    const isByKey = operation.security.some((each) => "apiKey" in each);
    const isMonitor = operation.security.some((each) => "monitorToken" in each);
    const who = () => {
      if (isPublic(route)) return {};
      if (path.startsWith("/v1/operator/")) return { Authorization: `Bearer ${operatorKey}` };
      if (isByKey) return { Authorization: `Bearer ${apiKey}` };
      if (isMonitor) return { Authorization: "Bearer unknown" };
      return byConnection ? { "Relay-Connection": "none" } : authorised(method, path);
    };
    const type = { "Content-Type": typeOf(route) };
    const answered = await askByHeaders(route, {
      ...who(),
      ...type,
      "Content-Length": limitOf(route) + 1,
    });
    const expected = method === "HEAD" || isScim(route) ? undefined : "body_too_large";
    expect([method, path, ...answered]).toEqual([method, path, 413, expected]);
    const compressed = await askByHeaders(route, {
      ...who(),
      ...type,
      "Content-Length": 1,
      "Content-Encoding": "gzip",
    });
    expect([method, path, compressed[0]]).toEqual([method, path, 415]);
  }
});

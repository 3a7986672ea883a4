import fc from "fast-check";
import { defaultPolicy } from "../../../policies/policy.ts";
import { policyTable } from "../../../policies/policy-table.ts";
import { apiKeyOf } from "../../support/administration.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { operatorKeyOf } from "../../support/operator-keys.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { wholeBodies, type ApiDocument } from "../../support/sample-request.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { abuseJson, abuseTexts, MARK } from "./abuse-strings.ts";
import { routeRights } from "./route-rights.ts";

// Every field of every route, as the OpenAPI document has them, gets strings that have broken servers. They come
// from somebody who may call the route, so that they get as far as they can.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Request {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const HERE = "here-in-the-json";
const id = "00000000-0000-7000-8000-000000000001";

/** The places of a JSON value at which something else can stand, as the value's text with `HERE` there. */
function placesIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const visit = (part: unknown, around: (text: unknown) => unknown) => {
    found.push(JSON.stringify(around(HERE)));
    if (typeof part !== "object" || part === null) return;
    for (const [name, inner] of Object.entries(part))
      visit(inner, (text) =>
        around(
          Array.isArray(part)
            ? part.map((each, at) => (String(at) === name ? text : each))
            : { ...part, [name]: text },
        ),
      );
  };
  visit(value, (text) => text);
  return found;
}

/** Each field of each route: a function that puts a text or JSON there. */
function fieldsOf(document: ApiDocument): ((text: string, json: string) => Request)[] {
  const { slug } = server.tenant;
  const known = {
    tenant: slug,
    add: [{ id: "local.x", actions: ["read"], conditions: { a: "b" } }],
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([lower, operation]) => {
      const method = lower.toUpperCase();
      const name = `${method} ${path}`;
      const names = (place: string) =>
        (operation.parameters ?? []).filter((each) => each.in === place).map((each) => each.name);
      const filled = (abused?: string, text = "") =>
        path.replaceAll(/\{(\w+)\}/g, (_, each: string) => {
          if (each === abused) return encodeURIComponent(text.toWellFormed());
          return each === "tenant" ? slug : each === "version" ? "1" : id;
        });
      const [first] = wholeBodies(document, operation, known).map((body) => JSON.stringify(body));
      const request = (changes: Partial<Request>): Request => ({
        name,
        method,
        path: filled(),
        headers: {},
        body: first,
        ...changes,
      });
      return [
        ...names("path").map((each) => (text: string) => request({ path: filled(each, text) })),
        ...names("query").map((each) => (text: string) => {
          const query = new URLSearchParams({ [each]: text.toWellFormed() });
          return request({ path: `${filled()}?${query.toString()}` });
        }),
        ...names("header").map((each) => (text: string) => {
          const value = text.replaceAll(/[^\x20-\x7e]/g, "?");
          return request({ headers: { [each]: value } });
        }),
        ...wholeBodies(document, operation, known)
          .flatMap(placesIn)
          .map((body) => (_text: string, json: string) => {
            return request({ body: body.replace(JSON.stringify(HERE), () => json) });
          }),
      ];
    }),
  );
}

test("no string breaks a route, shows what another tenant has, or gets into the log", async () => {
  const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as ApiDocument;
  const foreign = await server.createTenant();
  const stranger = await customerDevice(server, undefined, foreign);
  const colleague = await staffDevice(server, "agent", foreign);
  const theirs = await createConversation(stranger, [colleague]);
  const secrets = [foreign.slug, foreign.id, stranger.user, stranger.id, colleague.user, theirs];
  const devices = new Map<string, TestDevice>([["customer", await customerDevice(server)]]);
  for (const role of ["agent", "supervisor", "admin", "auditor", "compliance_officer"] as const)
    devices.set(role, await staffDevice(server, role));
  const token = await apiKeyOf(server);
  // It cannot suspend the tenant of the walk, nor lower its limits.
  const operator = await operatorKeyOf(server, {
    scopes: ["create_tenant", "read_tenant", "require_consents"],
  });
  const rights = routeRights(server);
  const table = policyTable(defaultPolicy);

  /** A device of a role that may call the route. */
  const deviceFor = (name: string): TestDevice => {
    const [resource, action] = rights[name]?.right ?? [];
    const rows = table.filter((row) => row.resource === resource && row.action === action);
    const role = rows.flatMap(({ roles }) => roles).find((each) => devices.has(each));
    return devices.get(role ?? "agent")!;
  };
  const send = ({ name, method, path, headers, body }: Request): Promise<Response> => {
    const device = deviceFor(name);
    const [plain = ""] = path.split("?");
    return fetch(server.url + path, {
      method,
      signal: AbortSignal.timeout(30_000),
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(/^\/v1\/(admin|operator)\//.test(path)
          ? { authorization: `Bearer ${path.startsWith("/v1/admin/") ? token : operator}` }
          : {
              authorization: `DPoP ${device.token}`,
              dpop: device.proof(method, plain, { token: device.token }),
            }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
  };

  const fields = fieldsOf(document);
  const wrong: string[] = [];
  // Each field gets some of the strings, and each string gets into many fields.
  const chosen = fc.sample(
    fc.tuple(
      fc.shuffledSubarray([...abuseTexts], { minLength: 4, maxLength: 4 }),
      fc.shuffledSubarray([...abuseJson], { minLength: 4, maxLength: 4 }),
    ),
    { numRuns: fields.length, seed: 13 },
  );
  let sent = 0;
  for (const [at, field] of fields.entries()) {
    const [texts, jsons] = chosen[at]!;
    for (const [n, text] of texts.entries()) {
      const request = field(text, jsons[n]!);
      const answer = await send(request);
      sent++;
      const isStream = answer.headers.get("content-type")?.includes("event-stream") === true;
      const body = isStream ? "" : await answer.text();
      if (isStream) await answer.body?.cancel();
      const leaks = secrets.filter((secret) => body.includes(secret));
      if (answer.status >= 500 || leaks.length > 0 || answer.headers.has("set-cookie"))
        wrong.push(
          `${request.name} ${request.path.slice(0, 150)} ${request.body?.slice(0, 300)}: ${answer.status} ${body.slice(0, 200)}`,
        );
    }
  }
  expect(wrong).toEqual([]);
  expect(sent).toBeGreaterThan(800);
  expect(server.logged()).not.toContain(MARK);
  // The server runs in this process.
  expect({}).not.toHaveProperty("role");
  expect((await stranger.request("GET", `/v1/conversations/${theirs}`)).status).toBe(200);
}, 600_000);

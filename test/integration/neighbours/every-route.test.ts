import { randomUUID } from "node:crypto";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import {
  sampleRequests,
  type ApiDocument,
  type SampleRequest,
} from "../../support/sample-request.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

// Walks every operation of the OpenAPI document, so that a new route is walked too. While one account
// has as many requests in flight as it can get, and they hang, another tenant must be served.

/** More than the server has connections to its database. */
const IN_FLIGHT = 15;
const REFUSED_FOR_LOAD = new Set([429, 500, 503]);

let server: TestServer;
let hostile: TestTenant;
let document: ApiDocument;
beforeAll(async () => {
  server = await startTestServer();
  hostile = await server.createTenant();
  await makeWritesWait(hostile);
  document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as ApiDocument;
});
afterAll(() => server.close());

/** Requests as documented. Some texts have a form that the document only describes in words. */
const requestsTo = (tenant: TestTenant) =>
  sampleRequests(document, {
    username: "somebody",
    password: "a password that is long",
    tenant: tenant.slug,
    path: "checkpoint",
    action: "read",
    resource: "audit_log",
    ids: randomUUID(),
    code: "000000",
    totp: "000000",
    language: "en",
    email: "somebody@example.com",
    "upload-metadata": `conversation ${Buffer.from(randomUUID()).toString("base64")}`,
  });

const ownPreKeys: SampleRequest = {
  method: "GET",
  path: "/v1/devices/current/prekeys",
  headers: {},
  body: undefined,
  isPublic: false,
};

/** Sends a request and waits for its status. The rest of an answer without a problem is not read. */
async function statusOf(device: TestDevice, request: SampleRequest) {
  const { method, path, headers, body, isPublic } = request;
  const token = isPublic ? undefined : device.token;
  const abort = new AbortController();
  const [plainPath = ""] = path.split("?");
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...headers,
      dpop: device.proof(method, plainPath, { token }),
      ...(token !== undefined && { authorization: `DPoP ${token}` }),
    },
    ...(body !== undefined && { body }),
    signal: abort.signal,
  });
  const { status } = response;
  const isProblem = response.headers.get("content-type")?.includes("problem+json") === true;
  const code = isProblem && method !== "HEAD" ? await codeOf(response) : undefined;
  abort.abort();
  return { status, code };
}

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

/** Returns a role that may make the request. */
function roleFor(path: string): "auditor" | "admin" | "agent" {
  if (path.startsWith("/v1/audit/")) return "auditor";
  return path.startsWith("/v1/policy/") ? "admin" : "agent";
}

/** Devices of one tenant by role. A device whose session an earlier request ended is replaced. */
function devicesOf(tenant: TestTenant) {
  const devices = new Map<string, TestDevice>();
  return async ({ path }: SampleRequest): Promise<TestDevice> => {
    const role = roleFor(path);
    const known = devices.get(role);
    if (known !== undefined && (await statusOf(known, ownPreKeys)).status === 200) return known;
    const made = await staffDevice(server, role, tenant);
    devices.set(role, made);
    return made;
  };
}

const HELD = 7_402;

/** Makes everything that writes to the tenant's audit log wait while the lock `HELD` is taken. */
async function makeWritesWait(tenant: TestTenant): Promise<void> {
  await server.database.owner.query(`
    create function audit.wait_for_test() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${HELD});
      return new;
    end $$;
    grant execute on function audit.wait_for_test() to public;
    create trigger wait_for_test before insert on audit.entries for each row
      when (new.tenant = '${tenant.id}') execute function audit.wait_for_test();`);
}

/** Takes the lock. @returns a function that releases it */
async function holdWrites(): Promise<() => Promise<void>> {
  const client = await server.database.owner.connect();
  await client.query("select pg_advisory_lock($1)", [HELD]);
  return async () => {
    await client.query("select pg_advisory_unlock($1)", [HELD]);
    client.release();
  };
}

test("no route lets one account keep another tenant from being served", async () => {
  const [attacks, own] = [requestsTo(hostile), requestsTo(server.tenant)];
  expect(attacks.length).toBeGreaterThan(40);
  const [attackers, neighbours] = [devicesOf(hostile), devicesOf(server.tenant)];
  for (const [index, attack] of attacks.entries()) {
    const name = `${attack.method} ${attack.path}`;
    const [attacker, neighbour] = [await attackers(attack), await neighbours(attack)];
    const release = await holdWrites();
    const flood = Array.from({ length: IN_FLIGHT }, () =>
      statusOf(attacker, attack).catch(() => undefined),
    );
    try {
      for (const request of [ownPreKeys, own[index] ?? attack]) {
        const { status, code } = await statusOf(neighbour, request);
        expect([name, REFUSED_FOR_LOAD.has(status) ? status : "served"]).toEqual([name, "served"]);
        // Otherwise the request did not reach what the route does.
        expect([name, code]).not.toEqual([name, "invalid_request"]);
      }
    } finally {
      await release();
      await Promise.all(flood);
    }
  }
}, 300_000);

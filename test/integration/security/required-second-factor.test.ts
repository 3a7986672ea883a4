import { connectStaff } from "../../support/member.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { RelaySocket } from "../../support/relay-socket.ts";
import { sampleRequests, type ApiDocument } from "../../support/sample-request.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

async function set(state: "required" | "optional", role: string) {
  const named = ["--slug", server.tenant.slug, "--role", role, "--set", state];
  const { code, out, err } = await runSealdesk(server, ["tenant", "second-factor", ...named]);
  expect([code, err]).toEqual([0, ""]);
  return out;
}
const isServed = async (device: TestDevice) =>
  (await device.request("GET", "/v1/staff")).body.code ?? "served";

test("a role that must have a second factor is served with one only; sessions and sockets without it end", async () => {
  const enrolled = new TestDevice(server);
  await enrolTotp(server, enrolled, await server.createStaff("agent"));
  const [agent, supervisor] = [await staffDevice(server), await staffDevice(server, "supervisor")];
  const socket = await RelaySocket.open(server, agent);
  expect(await set("required", "agent")).toContain("Ended 1 sessions");
  expect(await socket.closed).toBe(4501);
  expect(await isServed(agent)).toBe("session_revoked");
  expect(await isServed(enrolled)).toBe("served");
  expect(await isServed(supervisor)).toBe("served");

  const staff = await server.createStaff("agent");
  const device = new TestDevice(server);
  expect((await device.signInAsStaff(staff)).status).toBe(201);
  expect(await isServed(device)).toBe("second_factor_enrolment_required");
  const { recoveryCodes } = await enrolTotp(server, device, staff);
  expect(await isServed(device)).toBe("served");
  expect(
    (await server.auditEntries()).find(({ action }) => action === "tenant.set_second_factor"),
  ).toMatchObject({
    details: { role: "agent", roles: ["agent"], sessions: 1 },
    actor: { id: "operator" },
  });

  const other = new TestDevice(server);
  const code = { recoveryCode: recoveryCodes[0] };
  const { tenant, username, password } = staff;
  await other.signIn({ grant: "password", tenant, username, password, secondFactor: code });
  expect(await isServed(other)).toBe("served");
  expect((await device.request("DELETE", "/v1/account/totp")).status).toBe(204);
  expect(await isServed(device)).toBe("second_factor_enrolment_required");
  expect(await isServed(other)).toBe("session_revoked");

  await set("optional", "agent");
  const free = new TestDevice(server);
  await free.signInAsStaff(await server.createStaff("agent"));
  expect(await isServed(free)).toBe("served");
});

test("without one, every route is refused but those that enrol it", async () => {
  await set("required", "agent");
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as ApiDocument;
  const requests = sampleRequests(document, { path: "checkpoint", tenant: server.tenant.slug });
  const others: string[] = [];
  let refused = 0;
  // Signing out comes last, because it works.
  const isSignOut = ({ method, path }: { readonly method: string; readonly path: string }) =>
    method === "DELETE" && path === "/v1/sessions/current";
  const ordered = [...requests.filter((each) => !isSignOut(each)), ...requests.filter(isSignOut)];
  for (const { method, path, isPublic } of ordered) {
    if (isPublic || /^\/(v1\/(monitor|admin|operator)|scim)\//.test(path)) continue;
    const [plain = ""] = path.split("?");
    const reply = await fetch(server.url + path, {
      method,
      headers: {
        dpop: device.proof(method, plain, { token: device.token }),
        authorization: `DPoP ${device.token}`,
      },
    });
    const text = await reply.text();
    const isHead = method === "HEAD" && reply.status === 403;
    if (isHead || text.includes('"second_factor_enrolment_required"')) refused++;
    else others.push(`${method} ${plain}`);
  }
  expect(refused).toBeGreaterThan(40);
  expect(others.toSorted()).toEqual(
    [
      "POST /v1/account/passkeys",
      "POST /v1/account/passkeys/options",
      "POST /v1/account/password",
      "POST /v1/account/totp",
      "POST /v1/account/totp/confirmation",
      "POST /v1/sessions/current/activity",
      "POST /v1/sessions/current/renew",
      "DELETE /v1/sessions/current",
      // They need the id of a relay connection, and it could not open one.
      "GET /v1/relay/events",
      "GET /v1/relay/stream",
    ].toSorted(),
  );
});

test("the SDK says that a second factor is needed", async () => {
  await set("required", "agent");
  await expect(connectStaff(server)).rejects.toMatchObject({
    code: "second_factor_enrolment_required",
  });
});

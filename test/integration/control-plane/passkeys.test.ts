import { TestDevice, type Reply } from "../../support/device.ts";
import {
  addPasskey,
  allowPage,
  answerOf,
  newAuthenticator,
  newKeys,
  page,
  type Asking,
  type Authenticator,
} from "../../support/passkey.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { enrolTotp, stopClock } from "../../support/second-factor.ts";
import {
  startTestServer,
  type TestServer,
  type TestStaff,
  type TestTenant,
} from "../../support/server.ts";

let server: TestServer;
let foreign: TestTenant;
const evil = "https://evil.example";
beforeAll(async () => {
  server = await startTestServer();
  stopClock(server);
  foreign = await server.createTenant();
  for (const { slug } of [server.tenant, foreign])
    for (const each of [page, evil]) await allowPage(server, slug, each);
});
beforeEach(() => {
  server.clock.offsetMs = 0;
});
afterAll(() => server.close());

const MINUTE = 60_000;
const codeOf = ({ status, body }: Reply) => (status < 300 ? status : (body.code as string));
const origin = page;
const entries = async (action: string) =>
  (await server.auditEntries()).filter((entry) => entry["action"] === action);
const lastRefusal = async () =>
  (await entries("session.create")).findLast(({ outcome }) => outcome === "refused")?.["reason"];

/** A registered device of a new member of staff with a passkey. */
async function withPasskey() {
  const staff = await server.createStaff("agent");
  const device = new TestDevice(server);
  const keys = newKeys();
  const authenticator = newAuthenticator(keys);
  await device.signInAsStaff(staff);
  expect((await device.register()).status).toBe(201);
  const added = await addPasskey(device, authenticator, staff);
  expect(codeOf(added)).toBe(201);
  return { staff, device, keys, authenticator, passkey: String(added.body.id) };
}

async function signIn(
  authenticator: Authenticator,
  asking: Asking = {},
  { device = new TestDevice(server), tenant = server.tenant.slug } = {},
) {
  const answer = await answerOf(device, authenticator, asking);
  const reply = await device.signIn({ grant: "passkey", tenant, answer }, { origin });
  return { reply, answer, device };
}
const withPassword = ({ tenant, username, password }: TestStaff, secondFactor?: object) => ({
  grant: "password",
  tenant,
  username,
  password,
  ...(secondFactor && { secondFactor }),
});

describe("a passkey", () => {
  test("signs in alone, is a proof of the second factor, and leaves its kind in the log", async () => {
    const { staff, authenticator } = await withPasskey();
    const { reply } = await signIn(authenticator);
    expect([reply.status, reply.body.user.id]).toEqual([201, staff.id]);
    expect((await entries("session.create")).at(-1)).toMatchObject({
      outcome: "success",
      method: "passkey",
      details: { factor: "passkey" },
    });
  });

  test("is needed with the password, and serves as the second factor", async () => {
    const { staff, authenticator } = await withPasskey();
    const device = new TestDevice(server);
    expect(codeOf(await device.signIn(withPassword(staff), { origin }))).toBe(
      "second_factor_required",
    );
    const passkey = await answerOf(device, authenticator);
    expect(codeOf(await device.signIn(withPassword(staff, { passkey }), { origin }))).toBe(201);
    // Another account's passkey proves nothing about this one.
    const other = await withPasskey();
    const foreignAnswer = await answerOf(device, other.authenticator);
    expect(
      codeOf(await device.signIn(withPassword(staff, { passkey: foreignAnswer }), { origin })),
    ).toBe("second_factor_failed");
  });

  test("proves the second factor anew before an act that is hard to undo", async () => {
    const { device, authenticator, passkey } = await withPasskey();
    server.clock.offsetMs = 11 * MINUTE;
    const remove = () => device.request("DELETE", `/v1/account/passkeys/${passkey}`);
    expect(codeOf(await remove())).toBe("step_up_required");
    const body = { passkey: await answerOf(device, authenticator) };
    const stepUp = () => device.request("POST", "/v1/sessions/current/step-up", { body, origin });
    expect(codeOf(await stepUp())).toBe(204);
    expect(codeOf(await stepUp())).toBe("second_factor_failed");
    expect(codeOf(await remove())).toBe(204);
  });

  test("unlocks an authenticator app", async () => {
    const staff = await server.createStaff("agent");
    const [device, authenticator] = [new TestDevice(server), newAuthenticator()];
    const { code } = await enrolTotp(server, device, staff);
    expect(codeOf(await addPasskey(device, authenticator, {}))).toBe(201);
    await server.database.owner.query(
      "update sealdesk.totp_factors set wrong_codes = 100 where user_id = $1",
      [staff.id],
    );
    const totp = () => new TestDevice(server).signIn(withPassword(staff, { totp: code(1) }));
    expect(codeOf(await totp())).toBe("second_factor_locked");
    expect((await signIn(authenticator)).reply.status).toBe(201);
    expect(codeOf(await totp())).toBe(201);
  });

  test("meets the second factor that a role requires", async () => {
    const slug = server.tenant.slug;
    const set = (state: string) =>
      runSealdesk(server, [
        "tenant",
        "second-factor",
        "--slug",
        slug,
        "--role",
        "supervisor",
        "--set",
        state,
      ]);
    expect(await set("required")).toMatchObject({ code: 0 });
    const staff = await server.createStaff("supervisor");
    const [device, authenticator] = [new TestDevice(server), newAuthenticator()];
    await device.signInAsStaff(staff);
    expect(codeOf(await device.request("GET", "/v1/staff"))).toBe(
      "second_factor_enrolment_required",
    );
    expect(codeOf(await addPasskey(device, authenticator, staff))).toBe(201);
    expect(codeOf(await device.request("GET", "/v1/staff"))).toBe(200);
    const { device: other } = await signIn(authenticator);
    expect(codeOf(await other.request("GET", "/v1/staff"))).toBe(200);
    expect(await set("optional")).toMatchObject({ code: 0 });
  });
});

describe("an answer is refused", () => {
  test("from another page, although a browser lets it use the RP ID", async () => {
    const { authenticator } = await withPasskey();
    const { reply } = await signIn(authenticator, { at: "https://sub.desk.example" });
    expect([reply.status, reply.body.code]).toEqual([401, "sign_in_failed"]);
    expect(await lastRefusal()).toBe("passkey_refused");
  });

  test("to a challenge for another page", async () => {
    const { authenticator } = await withPasskey();
    const { reply } = await signIn(authenticator, { origin: evil, rpId: "desk.example" });
    expect(codeOf(reply)).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_challenge");
  });

  test("for another RP ID", async () => {
    const { staff, authenticator } = await withPasskey();
    await server.database.owner.query(
      "update sealdesk.passkeys set rp_id = 'sub.desk.example' where user_id = $1",
      [staff.id],
    );
    expect(codeOf((await signIn(authenticator)).reply)).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_refused");
  });

  test("whose flags were altered", async () => {
    const { authenticator } = await withPasskey();
    const device = new TestDevice(server);
    const answer = await answerOf(device, authenticator);
    const bytes = Buffer.from(answer.response.response.authenticatorData, "base64url");
    bytes[36] = (bytes[36] ?? 0) ^ 1;
    const signed = { ...answer.response.response, authenticatorData: bytes.toString("base64url") };
    const altered = { ...answer, response: { ...answer.response, response: signed } };
    const grant = { grant: "passkey", tenant: server.tenant.slug, answer: altered };
    expect(codeOf(await device.signIn(grant, { origin }))).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_refused");
  });

  test("that another device's key asked for, or has in its challenge", async () => {
    const { authenticator } = await withPasskey();
    const [victim, thief] = [new TestDevice(server), new TestDevice(server)];
    const tenant = server.tenant.slug;
    const stolen = await answerOf(victim, authenticator);
    const grant = { grant: "passkey", tenant, answer: stolen };
    expect(codeOf(await thief.signIn(grant, { origin }))).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_challenge");
    // The thief passes a seed of their own to the victim's page, which puts its own key into the challenge.
    const relayed = await answerOf(thief, authenticator, { challengeFor: victim });
    const answered = { grant: "passkey", tenant, answer: relayed };
    expect(codeOf(await thief.signIn(answered, { origin }))).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_refused");
    expect(codeOf(await victim.signIn(grant, { origin }))).toBe(201);
  });

  test("the second time, also at the same time, and after five minutes", async () => {
    const { authenticator } = await withPasskey();
    const device = new TestDevice(server);
    const grant = {
      grant: "passkey",
      tenant: server.tenant.slug,
      answer: await answerOf(device, authenticator),
    };
    const replies = await Promise.all([1, 2, 3].map(() => device.signIn(grant, { origin })));
    expect(replies.map(codeOf).filter((code) => code === 201)).toHaveLength(1);
    expect(codeOf(await device.signIn(grant, { origin }))).toBe("sign_in_failed");
    const late = { ...grant, answer: await answerOf(device, authenticator) };
    server.clock.offsetMs = 5 * MINUTE + 1000;
    expect(codeOf(await device.signIn(late, { origin }))).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_challenge");
  });

  test("of an authenticator whose counter does not grow", async () => {
    const { staff, authenticator } = await withPasskey();
    expect((await signIn(authenticator)).reply.status).toBe(201);
    await server.database.owner.query(
      "update sealdesk.passkeys set counter = 99 where user_id = $1",
      [staff.id],
    );
    expect(codeOf((await signIn(authenticator)).reply)).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_refused");
  });

  test("without a verified user", async () => {
    const { staff, keys, authenticator } = await withPasskey();
    const careless = newAuthenticator(keys, false);
    const { reply } = await signIn(careless, { userVerification: "discouraged" });
    expect(codeOf(reply)).toBe("sign_in_failed");
    expect(await lastRefusal()).toBe("passkey_refused");
    expect((await signIn(authenticator)).reply.body.user.id).toBe(staff.id);
  });

  test("in another tenant", async () => {
    const { authenticator } = await withPasskey();
    const { reply } = await signIn(authenticator, {}, { tenant: foreign.slug });
    expect(codeOf(reply)).toBe("sign_in_failed");
    const { reply: nowhere } = await signIn(authenticator, {}, { tenant: "no-such-tenant" });
    expect(codeOf(nowhere)).toBe("sign_in_failed");
  });
});

describe("adding one", () => {
  test("needs the password, or a fresh second factor if there is one, and ends other sessions", async () => {
    const staff = await server.createStaff("agent");
    const [device, other] = [new TestDevice(server), new TestDevice(server)];
    await device.signInAsStaff(staff);
    await other.signInAsStaff(staff);
    const first = newAuthenticator();
    expect(codeOf(await addPasskey(device, first, {}))).toBe("wrong_password");
    expect(codeOf(await addPasskey(device, first, { password: "not the password" }))).toBe(
      "wrong_password",
    );
    expect(codeOf(await addPasskey(device, first, staff))).toBe(201);
    expect(codeOf(await other.request("GET", "/v1/staff"))).toBe("session_revoked");
    expect((await entries("user.add_passkey")).at(-1)).toMatchObject({
      actor: { id: staff.id },
      details: { sessions: 1 },
    });
    server.clock.offsetMs = 11 * MINUTE;
    expect(codeOf(await addPasskey(device, newAuthenticator(), staff))).toBe("step_up_required");
    server.clock.offsetMs = 0;
    expect(codeOf(await addPasskey(device, newAuthenticator(), {}))).toBe(201);
  });

  test("is refused to a thief of the password, to another session's answer, and on a page without a domain", async () => {
    const staff = await server.createStaff("agent");
    const [own, thief] = [new TestDevice(server), new TestDevice(server)];
    await own.signInAsStaff(staff);
    await own.register();
    await thief.signInAsStaff(staff);
    expect(codeOf(await addPasskey(thief, newAuthenticator(), staff))).toBe("device_required");
    // The server of this test has an IP address.
    const body = { password: staff.password };
    const there = await own.request("POST", "/v1/account/passkeys/options", { body });
    expect([there.status, there.body.code]).toEqual([409, "passkeys_unavailable"]);
  });
});

test("a person lists, names and removes passkeys, and their names are sealed", async () => {
  const { staff, device, authenticator, passkey } = await withPasskey();
  const list = async (of = device) => {
    const reply = await of.request("GET", "/v1/account/passkeys");
    return reply.body.passkeys as { id: string; name: string }[];
  };
  expect(await list()).toMatchObject([
    { id: passkey, name: "Blue key", rpId: "desk.example", lastUsedAtMs: null },
  ]);
  const path = `/v1/account/passkeys/${passkey}`;
  const other = await withPasskey();
  const name = { name: "Key on my ring" };
  expect(codeOf(await other.device.request("PUT", path, { body: name }))).toBe("passkey_not_found");
  expect(codeOf(await other.device.request("DELETE", path))).toBe("passkey_not_found");
  expect(codeOf(await device.request("PUT", path, { body: name }))).toBe(204);
  expect(await list()).toMatchObject([name]);
  const { rows } = await server.database.owner.query<{ all: string }>(
    "select string_agg(encode(name, 'escape'), ' ') as all from sealdesk.passkeys",
  );
  for (const each of ["Blue key", name.name])
    expect(
      rows[0]?.all + server.logged() + JSON.stringify(await server.auditEntries()),
    ).not.toContain(each);
  const { device: opened } = await signIn(authenticator);
  expect(codeOf(await device.request("DELETE", path))).toBe(204);
  expect(codeOf(await opened.request("GET", "/v1/staff"))).toBe("session_revoked");
  expect(codeOf((await signIn(authenticator)).reply)).toBe("sign_in_failed");
  expect(await lastRefusal()).toBe("passkey_unknown");
  expect(codeOf(await new TestDevice(server).signInAsStaff(staff))).toBe(201);
});

test("the operator lists and removes passkeys", async () => {
  const { staff, authenticator, passkey } = await withPasskey();
  const named = ["--tenant", server.tenant.slug, "--username", staff.username];
  const run = (...args: string[]) =>
    runSealdesk(server, ["user", "passkeys", ...args.slice(0, 1), ...named, ...args.slice(1)]);
  const listed = await run("list");
  expect(listed).toMatchObject({ code: 0 });
  expect(listed.out).toContain(`${passkey}  Blue key`);
  expect(await run("remove", "--id", passkey)).toMatchObject({ code: 0 });
  expect(codeOf((await signIn(authenticator)).reply)).toBe("sign_in_failed");
  expect(await run("remove", "--id", passkey)).toMatchObject({
    code: 1,
    err: "The account has no passkey of that id.\n",
  });
});

test("a program with an API key lists and removes passkeys, and removes the second factor", async () => {
  const { staff, device, authenticator, passkey } = await withPasskey();
  const send = backendWith(server, await apiKeyOf(server));
  const path = `staff/${staff.id}`;
  expect((await send("GET", `${path}/passkeys`)).body.passkeys).toMatchObject([
    { id: passkey, name: "Blue key" },
  ]);
  const other = (await server.createStaff("agent")).id;
  const removed = [
    await send("DELETE", `staff/${other}/passkeys/${passkey}`),
    await send("DELETE", `${path}/passkeys/${passkey}`),
    await send("DELETE", `${path}/passkeys/${passkey}`),
    await send("DELETE", `${path}/second-factor`),
  ];
  expect(removed.map(({ status, body }) => body?.code ?? status)).toEqual([
    "passkey_not_found",
    204,
    "passkey_not_found",
    "second_factor_missing",
  ]);
  expect((await device.request("GET", "/v1/staff")).status).toBe(401);
  expect(codeOf((await signIn(authenticator)).reply)).toBe("sign_in_failed");
  const again = await withPasskey();
  expect((await send("DELETE", `staff/${again.staff.id}/second-factor`)).status).toBe(204);
  expect(codeOf((await signIn(again.authenticator)).reply)).toBe("sign_in_failed");
});

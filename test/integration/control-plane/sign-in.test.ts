import { createHash, randomUUID } from "node:crypto";
import { ed25519, jwkOf, signedJwt, TestDevice, type KeyPair } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe("a password", () => {
  test("opens a session bound to the device's key", async () => {
    const staff = await server.createStaff("agent");
    const device = new TestDevice(server);
    const reply = await device.signInAsStaff(staff);
    expect(reply.status).toBe(201);
    expect(reply.body).toEqual({
      accessToken: expect.any(String),
      expiresAtMs: expect.any(Number),
      session: expect.any(String),
      tenant: server.tenant,
      user: { id: staff.id, role: "agent", displayName: "Test agent" },
      accountKey: null,
    });
    const inAnHour = server.clock.now() + 3_600_000;
    expect(Math.abs(reply.body.expiresAtMs - inAnHour)).toBeLessThan(5000);
    expect((await device.request("GET", "/v1/staff")).status).toBe(200);
  });

  test.each([
    ["a wrong password", { password: "not the password at all" }],
    ["an unknown user", { username: "nobody" }],
    ["an unknown tenant", { tenant: "nowhere" }],
  ])("with %s is refused, the same way each time", async (_what, wrong) => {
    const { id: _id, ...right } = await server.createStaff("agent");
    const reply = await new TestDevice(server).signIn({ grant: "password", ...right, ...wrong });
    expect(reply.status).toBe(401);
    expect(reply.body).toMatchObject({ code: "sign_in_failed", detail: "The sign-in failed." });
  });

  test("is stored as an Argon2id hash", async () => {
    const { id } = await server.createStaff("agent");
    const { rows } = await server.database.owner.query<{ password_hash: string }>(
      "select password_hash from sealdesk.users where id = $1",
      [id],
    );
    expect(rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$/);
  });

  test("of another tenant's user is refused", async () => {
    const staff = await server.createStaff("agent", await server.createTenant());
    const reply = await new TestDevice(server).signInAsStaff({
      ...staff,
      tenant: server.tenant.slug,
    });
    expect(reply.body.code).toBe("sign_in_failed");
  });

  test("refused leaves an audit entry with the reason, which the answer does not say", async () => {
    const staff = await server.createStaff("agent");
    await new TestDevice(server).signInAsStaff({ ...staff, password: "not the password" });
    expect((await server.auditEntries()).at(-1)).toMatchObject({
      action: "session.create",
      outcome: "refused",
      reason: "wrong_password",
      subject: staff.id,
      actor: { kind: "system", id: "sign-in" },
    });
  });
});

describe("a customer token", () => {
  const signIn = (token: string) =>
    new TestDevice(server).signIn({ grant: "customer_token", tenant: server.tenant.slug, token });

  test("makes an account on first sight and finds it again, without storing the subject", async () => {
    const subject = `patient-${randomUUID()}`;
    const first = await new TestDevice(server).signInAsCustomer(subject);
    const second = await new TestDevice(server).signInAsCustomer(subject);
    expect(first.body.user).toMatchObject({ role: "customer", displayName: null });
    expect(second.body.user.id).toBe(first.body.user.id);
    const { rows } = await server.database.owner.query<{ found: string }>(
      "select u::text as found from sealdesk.users u where id = $1",
      [first.body.user.id],
    );
    expect(rows[0]?.found).not.toContain(subject);
  });

  test("of one subject makes different accounts in different tenants", async () => {
    const subject = randomUUID();
    const here = await new TestDevice(server).signInAsCustomer(subject);
    const there = await new TestDevice(server).signInAsCustomer(
      subject,
      await server.createTenant(),
    );
    expect(there.body.user.id).not.toBe(here.body.user.id);
  });

  test("serves many first sign-ins at once with one account", async () => {
    const subject = randomUUID();
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => new TestDevice(server).signInAsCustomer(subject)),
    );
    expect(new Set(replies.map(({ body }) => body.user.id)).size).toBe(1);
  });

  describe("that the tenant's backend would not make", () => {
    const subjectOfAll = "grace.hopper~1906@navy.example";
    let backend: KeyPair;
    beforeAll(async () => {
      backend = ed25519();
      const { rows } = await server.database.owner.query<{ keys: object[] }>(
        "select customer_keys -> 'keys' as keys from sealdesk.tenants where id = $1",
        [server.tenant.id],
      );
      await server.database.owner.query(
        "update sealdesk.tenants set customer_keys = $2 where id = $1",
        [
          server.tenant.id,
          JSON.stringify({
            keys: [...(rows[0]?.keys ?? []), { ...jwkOf(backend), kid: "test", alg: "EdDSA" }],
          }),
        ],
      );
    });

    const claims = (changes: object = {}) => {
      const nowS = Math.floor(server.clock.now() / 1000);
      const { slug } = server.tenant;
      return {
        iss: slug,
        aud: server.url,
        sub: subjectOfAll,
        iat: nowS,
        exp: nowS + 300,
        ...changes,
      };
    };
    const minutes = (count: number) => Math.floor(server.clock.now() / 1000) + count * 60;

    test("a token without a fault is accepted", async () => {
      expect((await signIn(signedJwt(backend, { kid: "test" }, claims()))).status).toBe(201);
    });

    const changed = (changes: object) => signedJwt(backend, { kid: "test" }, claims(changes));
    const bad: [string, string, () => string][] = [
      ["for another server", "wrong_audience", () => changed({ aud: "https://elsewhere.example" })],
      ["for no server", "missing_claim", () => changed({ aud: undefined })],
      ["of another issuer", "wrong_issuer", () => changed({ iss: "another-tenant" })],
      ["of no issuer", "missing_claim", () => changed({ iss: undefined })],
      ["about nobody", "missing_claim", () => changed({ sub: undefined })],
      ["expired", "expired", () => changed({ iat: minutes(-8), exp: minutes(-2) })],
      ["without an expiry", "missing_claim", () => changed({ exp: undefined })],
      ["made in the future", "not_yet_valid", () => changed({ iat: minutes(5), exp: minutes(10) })],
      ["good for an hour", "lifetime_too_long", () => changed({ exp: minutes(60) })],
      [
        "old, and good for an hour",
        "lifetime_too_long",
        () => changed({ iat: minutes(-30), exp: minutes(30) }),
      ],
      ["for another device", "bound_to_another_key", () => changed({ cnf: { jkt: "another" } })],
      ["bound to nothing", "not_bound", () => changed({ cnf: {} })],
      ["by another key", "bad_signature", () => signedJwt(ed25519(), { kid: "test" }, claims())],
      ["by an unknown key", "unknown_key", () => signedJwt(backend, { kid: "older" }, claims())],
      [
        "without a signature",
        "algorithm_not_allowed",
        () => signedJwt(backend, { alg: "none", kid: "test" }, claims()),
      ],
      ["that is none", "malformed", () => "not.a.token"],
    ];
    test.each(bad)("%s is refused: %s, by the log and the audit entry alone", async (...given) => {
      const [, refusal, token] = given;
      const reply = await signIn(token());
      expect(reply.status).toBe(401);
      expect(reply.body).toEqual({
        type: "urn:sealdesk:problem:sign_in_failed",
        title: "The sign-in failed",
        status: 401,
        code: "sign_in_failed",
        detail: "The sign-in failed.",
      });
      expect((await server.auditEntries()).at(-1)).toMatchObject({
        action: "session.create",
        outcome: "refused",
        reason: refusal,
        method: "customer_token",
        requestId: reply.headers.get("x-request-id"),
      });
      const line = `"reasons":"${refusal}","requestId":"${reply.headers.get("x-request-id")}"`;
      await until(() => server.logged().includes(line));
    });

    test("whose tenant is misspelt is refused the same way, and the log says why", async () => {
      const grant = { grant: "customer_token", tenant: "acme-misspelt", token: changed({}) };
      const reply = await new TestDevice(server).signIn(grant);
      expect(reply.body).toMatchObject({ code: "sign_in_failed", detail: "The sign-in failed." });
      await until(() => server.logged().includes('"reasons":"unknown_tenant"'));
    });

    test("leaves neither itself nor its subject in the log or the audit log", async () => {
      const token = changed({ aud: "https://elsewhere.example" });
      await signIn(token);
      const written = server.logged() + JSON.stringify(await server.auditEntries());
      for (const secret of [...token.split("."), subjectOfAll])
        expect(written).not.toContain(secret);
    });

    test("for the right device key: accepted", async () => {
      const device = new TestDevice(server);
      const { crv, kty, x } = jwkOf(device.deviceKey);
      const jkt = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
      const token = signedJwt(backend, { kid: "test" }, claims({ cnf: { jkt } }));
      const grant = { grant: "customer_token", tenant: server.tenant.slug, token };
      expect((await device.signIn(grant)).status).toBe(201);
    });
  });
});

const fivePerMinute = { burst: 5, secondsPerFurther: 60 };

describe("too many sign-ins", () => {
  let limited: TestServer;
  beforeAll(async () => {
    limited = await startTestServer({
      signInLimit: fivePerMinute,
      networkSignInLimit: fivePerMinute,
    });
  });
  afterAll(() => limited.close());

  test("are refused after five of an account with the time to wait, right password or not", async () => {
    const staff = await limited.createStaff("agent");
    const wrong = { ...staff, password: "not the password" };
    for (let attempt = 0; attempt < 5; attempt++)
      expect((await new TestDevice(limited).signInAsStaff(wrong)).status).toBe(401);
    const reply = await new TestDevice(limited).signInAsStaff(staff);
    expect(reply.status).toBe(429);
    expect(reply.body).toMatchObject({ code: "rate_limited", action: "wait" });
    expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("that fail are refused after five of an address, whoever they are for", async () => {
    // The test before has used up this address as well.
    const reply = await new TestDevice(limited).signInAsStaff(await limited.createStaff("agent"));
    expect(reply.status).toBe(429);
  });
});

test("many people behind one address sign in at once", async () => {
  const limited = await startTestServer({
    signInLimit: fivePerMinute,
    networkSignInLimit: fivePerMinute,
  });
  for (let count = 0; count < 12; count++)
    expect((await new TestDevice(limited).signInAsCustomer(randomUUID())).status).toBe(201);
  await limited.close();
});

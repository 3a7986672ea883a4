import { randomBytes, randomUUID } from "node:crypto";
import { dpopProof, ed25519, TestDevice, type Reply } from "../../support/device.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

const rate = { burst: 5, secondsPerFurther: 600 };
const wrongPassword = "not the password";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({
    signInLimit: rate,
    networkSignInLimit: rate,
    registrationLimit: rate,
    linkLimit: rate,
    trustedProxies: ["127.0.0.1"],
  });
});
afterEach(() => server.close());

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(range(count).map(work));

/** Counts replies by status and code, such as { "201": 3, "401 sign_in_failed": 2 }. */
function tally(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of replies) {
    const what = status < 400 ? `${status}` : `${status} ${body.code}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** A failed sign-in of a stranger behind the same address as everybody else. */
const fail = () =>
  new TestDevice(server).signIn({
    grant: "password",
    tenant: server.tenant.slug,
    username: `nobody-${randomUUID()}`,
    password: wrongPassword,
  });

/** Signs in with a new device from the address with this number. */
async function signInFrom(
  index: number,
  { tenant, username, password }: TestStaff,
  at = server,
): Promise<Reply> {
  const proof = { method: "POST", url: `${at.url}/v1/sessions` };
  const response = await fetch(proof.url, {
    method: "POST",
    headers: {
      dpop: dpopProof(ed25519(), proof),
      "content-type": "application/json",
      "x-forwarded-for": `198.51.100.${index}`,
    },
    body: JSON.stringify({ grant: "password", tenant, username, password }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A wrong password for `staff` from an address of its own. */
const guess = (staff: TestStaff, index: number): Promise<Reply> =>
  signInFrom(index, { ...staff, password: wrongPassword });

test("40 customers with good tokens sign in at once behind one address", async () => {
  const replies = await times(40, () => new TestDevice(server).signInAsCustomer(randomUUID()));
  expect(tally(replies)).toEqual({ "201": 40 });
});

test("20 members of staff with good passwords sign in at once behind one address", async () => {
  const staff = await times(20, () => server.createStaff("agent"));
  const replies = await times(20, (index) => new TestDevice(server).signInAsStaff(staff[index]!));
  expect(tally(replies)).toEqual({ "201": 20 });
});

test("an account signs in as often as it likes, like a page that is reloaded", async () => {
  const staff = await server.createStaff("agent");
  const subject = randomUUID();
  const replies: Reply[] = [];
  for (const _ of range(12)) {
    replies.push(await new TestDevice(server).signInAsStaff(staff));
    replies.push(await new TestDevice(server).signInAsCustomer(subject));
  }
  expect(tally(replies)).toEqual({ "201": 24 });
});

test("a stranger who fails keeps out neither registered devices nor good tokens behind the same address", async () => {
  const staff = await server.createStaff("agent");
  const registered = new TestDevice(server);
  await registered.signInAsStaff(staff);
  expect((await registered.register()).status).toBe(201);
  expect(tally(await times(12, fail))).toEqual({
    "401 sign_in_failed": 5,
    "429 rate_limited": 7,
  });

  expect((await registered.signInAsStaff(staff)).status).toBe(201);
  expect((await registered.request("POST", "/v1/sessions/current/renew")).status).toBe(200);
  expect((await new TestDevice(server).signInAsCustomer(randomUUID())).status).toBe(201);
  // A device that is not registered can be a stranger's.
  expect((await new TestDevice(server).signInAsStaff(staff)).body.code).toBe("rate_limited");
});

test("tokens that fail are limited too", async () => {
  const grant = { grant: "customer_token", tenant: server.tenant.slug, token: "not.a.token" };
  const replies = await times(12, () => new TestDevice(server).signIn(grant));
  expect(tally(replies)).toEqual({ "401 sign_in_failed": 5, "429 rate_limited": 7 });
});

test("guesses at the same time from many addresses do not exceed the account's limit", async () => {
  const staff = await server.createStaff("agent");
  const own = new TestDevice(server);
  await own.signInAsStaff(staff);
  await own.register();
  const replies = await times(30, (index) => guess(staff, index));
  expect(tally(replies)).toEqual({ "401 sign_in_failed": 5, "429 rate_limited": 25 });
  expect((await own.signInAsStaff(staff)).status).toBe(201);
});

test("a thief of the password, in the same network, keeps no device of the owner from registering or linking", async () => {
  const subject = randomUUID();
  const owner = new TestDevice(server);
  await owner.signInAsCustomer(subject);
  expect((await owner.register()).status).toBe(201);

  const stolen = async () => {
    const thief = new TestDevice(server);
    await thief.signInAsCustomer(subject);
    return thief;
  };
  const ask = (device: TestDevice) =>
    device.request("POST", "/v1/link-requests", {
      body: {
        id: randomUUID(),
        device: device.id,
        ephemeralKey: randomBytes(32).toString("base64url"),
      },
    });
  const bogus = { certificate: Buffer.alloc(64).toString("base64url") };
  const busy = await stolen();
  for (const _ of range(8)) await busy.register(bogus);
  expect((await busy.register(bogus)).body.code).toBe("rate_limited");
  for (const _ of range(12)) {
    const thief = await stolen();
    // Certified by a key of the thief's own.
    expect((await thief.register()).body.code).toBe("account_key_mismatch");
    expect((await ask(thief)).status).toBe(201);
  }

  const second = await stolen();
  second.joinAccountOf(owner);
  expect((await ask(second)).status).toBe(201);
  expect((await second.register()).status).toBe(201);
});

test("devices that the account approves are limited for the account, as each starts new epochs", async () => {
  const subject = randomUUID();
  const first = new TestDevice(server);
  const replies: Reply[] = [];
  for (const index of range(7)) {
    const device = index === 0 ? first : new TestDevice(server);
    if (device !== first) device.joinAccountOf(first);
    await device.signInAsCustomer(subject);
    replies.push(await device.register());
  }
  expect(tally(replies)).toEqual({ "201": 5, "429 rate_limited": 2 });
});

describe("a sign-in with wrong names or a wrong password", () => {
  const attempts: readonly [string, (staff: TestStaff) => object][] = [
    ["an unknown tenant's user", () => ({ tenant: "nowhere", username: "somebody" })],
    ["an unknown user", ({ tenant }) => ({ tenant, username: "nobody" })],
    ["a user with another password", ({ tenant, username }) => ({ tenant, username })],
  ];

  test.each(attempts)("%s fails at the same moment and with the same answer", async (_who, of) => {
    const staff = await server.createStaff("agent");
    const grant = { grant: "password", password: wrongPassword, ...of(staff) };
    const begunAt = performance.now();
    const reply = await new TestDevice(server).signIn(grant);
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(249);
    expect([reply.status, reply.body]).toEqual([
      401,
      {
        type: "urn:sealdesk:problem:sign_in_failed",
        title: "The sign-in failed",
        status: 401,
        code: "sign_in_failed",
        detail: "The sign-in failed.",
      },
    ]);
    const over = await times(9, () => new TestDevice(server).signIn(grant));
    expect(tally(over)).toEqual({ "401 sign_in_failed": 4, "429 rate_limited": 5 });
  });

  test.each(["nowhere", "demo"])(
    "a token for the tenant %s fails at the same moment",
    async (slug) => {
      const tenant = slug === "nowhere" ? slug : server.tenant.slug;
      const begunAt = performance.now();
      const grant = { grant: "customer_token", tenant, token: "eyJhbGciOiJFZERTQSJ9.e30.AAAA" };
      expect((await new TestDevice(server).signIn(grant)).body.code).toBe("sign_in_failed");
      expect(performance.now() - begunAt).toBeGreaterThanOrEqual(249);
    },
  );
});

test("the sessions of an account are limited in each network", async () => {
  const limited = await startTestServer({
    sessionLimit: { burst: 3, secondsPerFurther: 600 },
    trustedProxies: ["127.0.0.1"],
  });
  const staff = await limited.createStaff("agent");
  const from = (network: number) => times(5, () => signInFrom(network, staff, limited));
  expect(tally(await from(1))).toEqual({ "201": 3, "429 rate_limited": 2 });
  expect(tally(await from(2))).toEqual({ "201": 3, "429 rate_limited": 2 });
  await limited.close();
});

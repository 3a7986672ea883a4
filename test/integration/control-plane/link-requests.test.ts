import { randomBytes, randomUUID } from "node:crypto";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

/** An account with a registered device, and new devices of it that are signed in. */
async function account(newcomers: number) {
  const subject = randomUUID();
  const first = await customerDevice(server, subject);
  const others: TestDevice[] = [];
  for (let count = 0; count < newcomers; count++) {
    const device = new TestDevice(server);
    device.joinAccountOf(first);
    await device.signInAsCustomer(subject);
    others.push(device);
  }
  return { first, others };
}

const asking = (device: TestDevice, changes: object = {}) => ({
  id: randomUUID(),
  device: device.id,
  ephemeralKey: base64url(randomBytes(32)),
  ...changes,
});

async function ask(device: TestDevice, body = asking(device)) {
  const reply = await device.request("POST", "/v1/link-requests", { body });
  return { id: body.id, body, reply, path: `/v1/link-requests/${body.id}` };
}

const approval = () => ({ body: { sealed: base64url(randomBytes(200)) } });

test("asked, read, approved and fetched; each step is in the audit log", async () => {
  const { first, others } = await account(1);
  const [second] = others as [TestDevice];
  const { body, reply, path, id } = await ask(second);
  expect(reply.status).toBe(201);
  expect(reply.body.expiresAtMs).toBeGreaterThan(server.clock.now());
  const again = await second.request("POST", "/v1/link-requests", { body });
  expect([again.status, again.body]).toEqual([201, reply.body]);

  const read = await first.request("GET", path);
  expect(read.body).toMatchObject({
    ...body,
    deviceKey: base64url(second.deviceKey.publicKey),
    state: "pending",
    sibling: null,
    sealed: null,
  });
  const sealed = approval();
  expect((await first.request("POST", `${path}/approval`, sealed)).status).toBe(204);
  expect((await first.request("POST", `${path}/approval`, sealed)).status).toBe(204);
  const changed = await first.request("POST", `${path}/approval`, approval());
  expect([changed.status, changed.body.code]).toEqual([409, "link_request_closed"]);
  const refusal = await first.request("POST", `${path}/refusal`);
  expect(refusal.body.code).toBe("link_request_closed");

  const fetched = await second.request("GET", path);
  expect(fetched.body).toMatchObject({
    state: "approved",
    sibling: first.id,
    sealed: sealed.body.sealed,
  });
  // What was sealed is for the asking device, also from its siblings' point of view.
  expect((await first.request("GET", path)).body).toMatchObject({ sealed: null });
  expect((await second.register()).status).toBe(201);
  expect((await second.request("DELETE", path)).status).toBe(204);
  expect((await second.request("GET", path)).body.code).toBe("link_request_not_found");

  const entries = await server.auditEntries();
  const about = entries.filter(({ resource }) => (resource as { id: string }).id === id);
  expect(about.map(({ action, outcome }) => [action, outcome])).toEqual([
    ["link.request", "success"],
    ["link.request", "success"],
    ["link.approve", "success"],
    ["link.approve", "success"],
    ["link.approve", "refused"],
    ["link.refuse", "refused"],
    ["link.withdraw", "success"],
    ["link.read", "refused"],
  ]);
  expect(server.logged()).not.toContain(sealed.body.sealed);
});

test("a session without a registered device answers nothing, though it is of the account", async () => {
  const { others } = await account(2);
  const [second, thief] = others as [TestDevice, TestDevice];
  const { path } = await ask(second);
  const tries = [
    ["GET", path, {}],
    ["POST", `${path}/approval`, approval()],
    ["POST", `${path}/refusal`, {}],
    ["DELETE", path, {}],
  ] as const;
  for (const [method, target, options] of tries) {
    const reply = await thief.request(method, target, options);
    expect([method, target, reply.body.code]).toEqual([method, target, "link_request_not_found"]);
  }
  // Nor can the asking device let itself in.
  const own = await second.request("POST", `${path}/approval`, approval());
  expect(own.body.code).toBe("link_request_not_found");
  expect((await second.request("GET", path)).body.state).toBe("pending");
});

test("a request of another user or tenant is refused as if it did not exist", async () => {
  const { others } = await account(1);
  const { path, id } = await ask(others[0]!);
  const foreign = await staffDevice(server, "admin", await server.createTenant());
  for (const stranger of [await customerDevice(server), await staffDevice(server), foreign]) {
    expect((await stranger.request("GET", path)).status).toBe(404);
    expect((await stranger.request("POST", `${path}/approval`, approval())).status).toBe(404);
    expect((await stranger.request("POST", `${path}/refusal`)).status).toBe(404);
    expect((await stranger.request("DELETE", path)).status).toBe(404);
  }
  const refused = (await server.auditEntries()).filter(
    (entry) => (entry["resource"] as { id: string }).id === id && entry["outcome"] === "refused",
  );
  expect(refused.length).toBe(8);
  expect(refused[0]).toMatchObject({ decision: { reasons: ["foreign_account"] } });
});

test("a device has one request; a taken id and an unnecessary request are refused", async () => {
  const { first, others } = await account(3);
  const earlier = await ask(others[0]!);
  const { id } = await ask(others[0]!);
  expect((await others[0]!.request("GET", earlier.path)).status).toBe(404);
  await ask(others[1]!);
  const taken = await ask(others[2]!, asking(others[2]!, { id }));
  expect([taken.reply.status, taken.reply.body.code]).toEqual([409, "link_request_exists"]);
  expect((await ask(others[2]!)).reply.status).toBe(201);

  const registered = await ask(first);
  expect([registered.reply.status, registered.reply.body.code]).toEqual([403, "forbidden"]);
  const lone = new TestDevice(server);
  await lone.signInAsCustomer(randomUUID());
  expect((await ask(lone)).reply.body.code).toBe("link_not_needed");
});

test("many open requests keep no device out: the oldest that waits makes room", async () => {
  const { first, others } = await account(3);
  const [oldest, approved, newest] = others as [TestDevice, TestDevice, TestDevice];
  const waiting = await ask(oldest);
  const answered = await ask(approved);
  await first.request("POST", `${answered.path}/approval`, approval());
  await server.database.owner.query(
    `insert into sealdesk.link_requests
       (id, tenant, user_id, device, device_key, ephemeral_key, created_at_ms, expires_at_ms)
     select gen_random_uuid(), tenant, user_id, gen_random_uuid(), decode(lpad(to_hex(n), 64, '0'), 'hex'),
       ephemeral_key, created_at_ms + n, expires_at_ms
     from sealdesk.link_requests, generate_series(1, 254) n where id = $1`,
    [waiting.id],
  );
  const { reply, id } = await ask(newest);
  expect(reply.status).toBe(201);
  expect((await oldest.request("GET", waiting.path)).body.code).toBe("link_request_not_found");
  expect((await approved.request("GET", answered.path)).body.state).toBe("approved");
  const entries = await server.auditEntries();
  expect(entries.find(({ resource }) => (resource as { id: string }).id === id)).toMatchObject({
    details: { displaced: [waiting.id] },
  });
});

test("too old: neither approved nor refused, and its answer is not handed out any more", async () => {
  const { first, others } = await account(2);
  const [late, slow] = others as [TestDevice, TestDevice];
  const unanswered = await ask(late);
  const answered = await ask(slow);
  await first.request("POST", `${answered.path}/approval`, approval());
  await server.database.owner.query(
    "update sealdesk.link_requests set expires_at_ms = 1 where user_id = $1",
    [first.user],
  );
  for (const path of [`${unanswered.path}/approval`, `${unanswered.path}/refusal`]) {
    const reply = await first.request(
      "POST",
      path,
      path.endsWith("/approval") ? approval() : undefined,
    );
    expect([reply.status, reply.body.code]).toEqual([410, "link_request_expired"]);
  }
  const fetched = await slow.request("GET", answered.path);
  expect(fetched.body).toMatchObject({ state: "expired", sealed: null });
});

test("asking is limited for each device", async () => {
  const limited = await startTestServer({ linkLimit: { burst: 2, secondsPerFurther: 60 } });
  const subject = randomUUID();
  await customerDevice(limited, subject);
  const device = new TestDevice(limited);
  await device.signInAsCustomer(subject);
  expect((await ask(device)).reply.status).toBe(201);
  expect((await ask(device)).reply.status).toBe(201);
  const third = await ask(device);
  expect([third.reply.status, third.reply.body.code]).toEqual([429, "rate_limited"]);
  expect(Number(third.reply.headers.get("retry-after"))).toBeGreaterThan(0);
  await limited.close();
});

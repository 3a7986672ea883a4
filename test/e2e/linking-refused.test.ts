import { randomBytes } from "node:crypto";
import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";
import { generateExchangeKey, ready } from "../../crypto/device/sodium.ts";
import { decodeLinkCode, encodeLinkCode } from "../../crypto/device/linking/link-code.ts";
import type { Fetch } from "../../client/index.ts";
import { sweepLinks } from "../../identity/linking/sweep-links.ts";
import {
  connect,
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  startLinking,
  type Member,
  type Newcomer,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

await ready;

type Answer = Record<string, unknown>;

/** The network, between a device and the server, with a hand in what link requests look like. */
const alteringLinks =
  (alter: (answer: Answer) => Answer): Fetch =>
  async (url, init) => {
    const response = await fetch(url, init);
    const isRead = init.method === "GET" && url.includes("/v1/link-requests/");
    if (!isRead || !response.ok) return response;
    const body = JSON.stringify(alter((await response.json()) as Answer));
    return new Response(body, {
      status: response.status,
      headers: response.headers,
    });
  };

describe("a new device that must not get in", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const codeOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => "nothing",
      (error: unknown) => (error as { code: string }).code,
    );
  /** The newcomer holds no account key, and a plain sign-in still says so. */
  async function expectOutside(newcomer: Newcomer, of: Member): Promise<void> {
    await newcomer.quit();
    const { level, key } = newcomer;
    expect(await codeOf(connect(server, of.credentials, { level }, key))).toBe(
      "account_has_other_devices",
    );
    expect(await of.sealdesk.devices()).toHaveLength(1);
  }

  test("refused: it is told so, and may ask again", async () => {
    const customer = await connectCustomer(server);
    const newcomer = await startLinking(server, customer.credentials);
    const { code } = newcomer.link;
    expect(await customer.sealdesk.reviewDevice(code)).toMatchObject({
      expiresAtMs: newcomer.link.expiresAtMs,
    });
    await customer.sealdesk.refuseDevice(code);
    expect(await codeOf(newcomer.member)).toBe("link_refused");
    expect(await codeOf(customer.sealdesk.approveDevice(code))).toBe("link_closed");
    await newcomer.quit();
    const { level, key } = newcomer;
    const again = await startLinking(server, customer.credentials, { level }, key);
    expect(again.link.code).not.toBe(code);
    await customer.sealdesk.approveDevice(again.link.code);
    const second = await again.member;
    expect(await customer.sealdesk.devices()).toHaveLength(2);
    await Promise.all([customer.sealdesk.close(), second.sealdesk.close()]);
  });

  test("expired: neither approved late nor let in", async () => {
    const customer = await connectCustomer(server);
    const newcomer = await startLinking(server, customer.credentials);
    await server.database.owner.query("update sealdesk.link_requests set expires_at_ms = 1");
    expect(await codeOf(newcomer.member)).toBe("link_expired");
    expect(await codeOf(customer.sealdesk.approveDevice(newcomer.link.code))).toBe("link_expired");
    expect(await sweepLinks({ pool: server.database.pool, now: () => server.clock.now() })).toBe(1);
    expect(await codeOf(customer.sealdesk.approveDevice(newcomer.link.code))).toBe(
      "link_not_found",
    );
    await expectOutside(newcomer, customer);
    const actions = (await server.auditEntries()).map((entry) => entry["action"]);
    expect(actions).toEqual(expect.arrayContaining(["link.request", "link.refuse", "link.expire"]));
    await customer.sealdesk.close();
  });

  test("a wrong code, or another account's or tenant's device, approves nothing", async () => {
    const [customer, stranger, agent] = await Promise.all([
      connectCustomer(server),
      connectCustomer(server),
      connectStaff(server),
    ]);
    const other = await server.createTenant();
    const staff = await server.createStaff("agent", other);
    const foreign = await connect(server, {
      grant: "password",
      tenant: other.slug,
      username: staff.username,
      password: staff.password,
    });
    const newcomer = await startLinking(server, customer.credentials);
    const { code } = newcomer.link;
    for (const { sealdesk } of [stranger, agent, foreign]) {
      expect(await codeOf(sealdesk.reviewDevice(code))).toBe("link_not_found");
      expect(await codeOf(sealdesk.approveDevice(code))).toBe("link_not_found");
      expect(await codeOf(sealdesk.refuseDevice(code))).toBe("link_not_found");
    }
    const mistyped = (code.startsWith("1") ? "2" : "1") + code.slice(1);
    expect(await codeOf(customer.sealdesk.approveDevice(mistyped))).toBe("invalid_link_code");
    expect(await codeOf(customer.sealdesk.approveDevice(code.slice(1)))).toBe("invalid_link_code");
    await expectOutside(newcomer, customer);
    for (const member of [customer, stranger, agent, foreign]) await member.sealdesk.close();
  });

  test("a code with an impostor's key is noticed by the sibling", async () => {
    const customer = await connectCustomer(server);
    const newcomer = await startLinking(server, customer.credentials);
    const read = decodeLinkCode(newcomer.link.code);
    const { publicKey: ephemeralKey } = generateExchangeKey();
    const forged = encodeLinkCode({ ...read, ephemeralKey });
    expect(await codeOf(customer.sealdesk.approveDevice(forged))).toBe("link_key_replaced");
    await expectOutside(newcomer, customer);
    await customer.sealdesk.close();
  });

  test("a server that shows the sibling a key of its own is noticed", async () => {
    const impostor = toBase64Url(generateExchangeKey().publicKey);
    const fetch = alteringLinks((answer) => ({ ...answer, ephemeralKey: impostor }));
    const customer = await connectCustomer(server, { runtime: { fetch } });
    const newcomer = await startLinking(server, customer.credentials);
    expect(await codeOf(customer.sealdesk.approveDevice(newcomer.link.code))).toBe(
      "link_key_replaced",
    );
    await expectOutside(newcomer, customer);
    await customer.sealdesk.close();
  });

  test.each<[what: string, alter: (answer: Answer) => Answer]>([
    ["another device key", (answer) => ({ ...answer, deviceKey: toBase64Url(randomBytes(32)) })],
    [
      "another device id",
      (answer) => ({ ...answer, device: "0198c0de-0003-7000-8000-000000000003" }),
    ],
  ])("a server that shows the sibling %s: the new device opens nothing", async (_what, alter) => {
    const customer = await connectCustomer(server, { runtime: { fetch: alteringLinks(alter) } });
    const newcomer = await startLinking(server, customer.credentials);
    await customer.sealdesk.approveDevice(newcomer.link.code);
    expect(await codeOf(newcomer.member)).toBe("link_not_authentic");
    await expectOutside(newcomer, customer);
    await customer.sealdesk.close();
  });

  test("an approval changed on its way, or by who never read the code, is refused", async () => {
    const customer = await connectCustomer(server);
    const flip = (sealed: unknown) => {
      if (typeof sealed !== "string") return sealed;
      const bytes = fromBase64Url(sealed);
      bytes[bytes.length - 1]! ^= 1;
      return toBase64Url(bytes);
    };
    const fetch = alteringLinks((answer) => ({ ...answer, sealed: flip(answer["sealed"]) }));
    const changed = await startLinking(server, customer.credentials, { runtime: { fetch } });
    await customer.sealdesk.approveDevice(changed.link.code);
    expect(await codeOf(changed.member)).toBe("link_not_authentic");
    await expectOutside(changed, customer);

    // Everything is right but the secret, which only the code has.
    const newcomer = await startLinking(server, customer.credentials);
    const guessed = { ...decodeLinkCode(newcomer.link.code), secret: randomBytes(16) };
    await customer.sealdesk.approveDevice(encodeLinkCode(guessed));
    expect(await codeOf(newcomer.member)).toBe("link_not_authentic");
    await expectOutside(newcomer, customer);
    await customer.sealdesk.close();
  });

  test("cancelled: nothing is left to approve", async () => {
    const customer = await connectCustomer(server);
    const newcomer = await startLinking(server, customer.credentials);
    await newcomer.link.cancel();
    expect(await codeOf(newcomer.member)).toBe("closed");
    expect(await codeOf(customer.sealdesk.approveDevice(newcomer.link.code))).toBe(
      "link_not_found",
    );
    await expectOutside(newcomer, customer);
    await customer.sealdesk.close();
  });

  test("a device that needs no approval gets link_not_needed", async () => {
    const { tenant, username, password } = await server.createStaff("agent");
    const credentials = { grant: "password", tenant, username, password } as const;
    expect(await codeOf(startLinking(server, credentials))).toBe("link_not_needed");
    const agent = await connect(server, credentials);
    await agent.sealdesk.close();
    const { level, key } = agent;
    expect(await codeOf(startLinking(server, credentials, { level }, key))).toBe("link_not_needed");
  });

  test("closed between any two steps, it goes on from its store", async () => {
    const customer = await connectCustomer(server);
    const { credentials } = customer;
    let newcomer = await startLinking(server, credentials);
    const { level, key } = newcomer;
    const { code } = newcomer.link;
    await newcomer.quit();
    newcomer = await startLinking(server, credentials, { level }, key);
    expect(newcomer.link.code).toBe(code);
    await newcomer.quit();
    // Approved while it was away.
    await customer.sealdesk.approveDevice(code);

    // The key has come, and the process ends before the device is registered.
    const unregistered: Fetch = (url, init) => {
      if (init.method === "POST" && url.endsWith("/v1/devices"))
        return Promise.reject(new TypeError("cut off"));
      return fetch(url, init);
    };
    newcomer = await startLinking(
      server,
      credentials,
      { level, runtime: { fetch: unregistered } },
      key,
    );
    expect(await codeOf(newcomer.member)).toBe("network");
    await newcomer.quit();
    expect(await codeOf(startLinking(server, credentials, { level }, key))).toBe("link_not_needed");
    const second = await connect(server, credentials, { level }, key);
    expect(await customer.sealdesk.devices()).toEqual([
      { id: customer.sealdesk.device, current: true, certified: true },
      { id: second.sealdesk.device, current: false, certified: true },
    ]);
    await Promise.all([customer.sealdesk.close(), second.sealdesk.close()]);
  });

  test("approved by a device that is removed before it registers, it asks another one", async () => {
    const customer = await connectCustomer(server);
    const { credentials } = customer;
    const sibling = await connectSibling(server, customer);
    const newcomer = await startLinking(server, credentials, {
      runtime: {
        fetch: async (url, init) => {
          if (init.method === "POST" && url.endsWith("/v1/devices"))
            await customer.sealdesk.removeDevice(sibling.sealdesk.device);
          return fetch(url, init);
        },
      },
    });
    await sibling.sealdesk.approveDevice(newcomer.link.code);
    expect(await codeOf(newcomer.member)).toBe("account_has_other_devices");
    await newcomer.quit();

    const { level, key } = newcomer;
    const again = await startLinking(server, credentials, { level, runtime: { fetch } }, key);
    await customer.sealdesk.approveDevice(again.link.code);
    const second = await again.member;
    expect((await customer.sealdesk.devices()).map(({ id }) => id)).toEqual([
      customer.sealdesk.device,
      second.sealdesk.device,
    ]);
    await Promise.all([customer, sibling, second].map(({ sealdesk }) => sealdesk.close()));
  });

  test("a new device goes by the account keys that its sibling knows, not by the server's word", async () => {
    const [agent, customer, admin] = await Promise.all([
      connectStaff(server),
      connectCustomer(server),
      connectStaff(server, "admin"),
    ]);
    const user = agent.sealdesk.user.id;
    const asking = await customer.sealdesk.openConversation({ with: [user] });
    await asking.send("before");
    await agent.sealdesk.close();
    await admin.sealdesk.resetAccount(user, "devices_lost");
    const impostor = await connect(server, agent.credentials);

    const second = await connectSibling(server, customer);
    const conversation = await joined(second, asking.id);
    const items = await readUntil(conversation, (all) => problemsOf(all).length === 1);
    expect(problemsOf(items)).toMatchObject([{ code: "account_key_changed", user }]);
    await expect(conversation.send("secret")).rejects.toMatchObject({ code: "untrusted_member" });
    for (const member of [impostor, customer, second, admin]) await member.sealdesk.close();
  });
});

import {
  connect,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

describe("whom a device trusts", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("a changed account key is shown, and written to only once a person accepted it", async () => {
    const agent = await connectStaff(server);
    const customer = await connectCustomer(server);
    const user = agent.desk.user.id;
    const asking = await customer.desk.openConversation({ with: [user] });
    await asking.send("before");
    const before = await customer.desk.safetyNumbers(user);
    expect(before.known).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect(before.offered).toBe(before.known);
    expect((await agent.desk.safetyNumbers(customer.desk.user.id)).known).toBe(before.known);
    await agent.desk.close();

    // As when an account is taken over, or all of its devices were lost.
    const { owner } = server.database;
    await owner.query("update sealdesk.users set account_key = null where id = $1", [user]);
    await owner.query("update sealdesk.devices set revoked_at_ms = 1 where user_id = $1", [user]);
    const returned = await connect(server, agent.credentials);
    const serving = await joined(returned, asking.id);

    const seen = await readUntil(asking, (all) => problemsOf(all).length === 1);
    expect(problemsOf(seen)).toMatchObject([{ code: "account_key_changed", user }]);
    await expect(asking.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });
    await serving.send("it is me");
    const refused = await readUntil(asking, (all) => problemsOf(all).length === 2);
    expect(problemsOf(refused)[1]).toMatchObject({ code: "untrusted_sender", sender: user });

    const after = await customer.desk.safetyNumbers(user);
    expect(after.known).toBe(before.known);
    expect(after.offered).not.toBe(before.known);
    const wrong = customer.desk.acceptAccountKey(user, before.known!);
    await expect(wrong).rejects.toMatchObject({ code: "untrusted_member" });
    await customer.desk.acceptAccountKey(user, after.offered!);
    await asking.send("welcome back");
    await serving.send("thank you");

    const items = await readUntil(serving, (all) => textsOf(all).length === 3);
    expect(textsOf(items)).toEqual(["it is me", "welcome back", "thank you"]);
    const texts = await readUntil(asking, (all) => textsOf(all).length === 3);
    expect(textsOf(texts)).toEqual(["before", "welcome back", "thank you"]);
    expect((await customer.desk.safetyNumbers(user)).known).toBe(after.offered);
    await Promise.all([returned.desk.close(), customer.desk.close()]);
  });

  test("prekeys are published again when few are left", async () => {
    let agent = await connectStaff(server);
    const { device } = agent.desk;
    const { owner } = server.database;
    await owner.query(
      "update sealdesk.one_time_prekeys set public_key = null where device = $1 and id > 40",
      [device],
    );
    agent = await agent.restart();
    const left = async () => {
      const { rows } = await owner.query<{ kind: string; left: number }>(
        `select kind, count(*)::int as left from sealdesk.one_time_prekeys
         where device = $1 and public_key is not null group by kind order by kind`,
        [device],
      );
      return rows.map((row) => row.left);
    };
    while ((await left())[0]! < 90) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await left()).toEqual([100, 100]);
    await agent.desk.close();
  });

  test("a relay that hands out other keys than were published is noticed", async () => {
    const agent = await connectStaff(server);
    await server.database.owner.query(
      `update sealdesk.signed_prekeys set public_key = set_byte(public_key, 5, 1 + get_byte(public_key, 5) % 200)
       where device = $1 and kind = 'ec'`,
      [agent.desk.device],
    );
    const again = await agent.restart();
    const code = await new Promise((resolve) =>
      again.desk.on("security", (event) => resolve(event.code)),
    );
    expect(code).toBe("published_keys_differ");
    await again.desk.close();
  });

  test("a revoked device is told so, and comes back no more", async () => {
    const agent = await connectStaff(server);
    await server.database.owner.query(
      "update sealdesk.devices set revoked_at_ms = 1 where id = $1",
      [agent.desk.device],
    );
    await agent.desk.close();
    const attempt = connect(server, agent.credentials, { level: agent.level }, agent.key);
    await expect(attempt).rejects.toMatchObject({ code: "device_revoked" });
  });
});

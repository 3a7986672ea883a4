import {
  connect,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { fetchChanging } from "../support/shown-log.ts";
import { until } from "../support/until.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** Resets the account of a member, and waits until their device knows. */
async function reset(admin: Member, { sealdesk }: Member): Promise<void> {
  const ended = new Promise((resolve) => sealdesk.on("end", resolve));
  await admin.sealdesk.resetAccount(sealdesk.user.id, "devices_lost");
  await ended;
}

describe("whom a device trusts", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("a changed account key is shown, and written to only once a person accepted it (R13)", async () => {
    const agent = await connectStaff(server);
    const customer = await connectCustomer(server);
    const user = agent.sealdesk.user.id;
    const asking = await customer.sealdesk.openConversation({ with: [user] });
    await asking.send("before");
    const before = await customer.sealdesk.safetyNumbers(user);
    expect(before.known).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect(before.offered).toBe(before.known);
    expect((await agent.sealdesk.safetyNumbers(customer.sealdesk.user.id)).known).toBe(
      before.known,
    );
    const admin = await connectStaff(server, "admin");
    const removed = new Promise((resolve) => customer.sealdesk.on("device", resolve));
    const ended = new Promise((resolve) => agent.sealdesk.on("end", resolve));
    expect(await admin.sealdesk.resetAccount(user, "devices_lost")).toBe(1);
    expect(await ended).toMatchObject({ code: "device_revoked", closeCode: 4503 });
    const { device } = agent.sealdesk;
    expect(await removed).toMatchObject({ user, device, change: "removed", mine: false });
    await expect(agent.restart()).rejects.toMatchObject({ code: "device_revoked" });
    await asking.send("to nobody's device");

    const returned = await connect(server, agent.credentials);
    const told = await new Promise((resolve) => returned.sealdesk.on("security", resolve));
    expect(told).toEqual({ code: "account_had_other_key", devices: [device], keys: 1, version: 2 });
    const serving = await joined(returned, asking.id);

    const seen = await readUntil(asking, (all) => problemsOf(all).length === 1);
    expect(problemsOf(seen)).toMatchObject([{ code: "account_key_changed", user }]);
    await expect(asking.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });
    await serving.send("it is me");
    const refused = await readUntil(asking, (all) => problemsOf(all).length === 2);
    expect(problemsOf(refused)[1]).toMatchObject({ code: "untrusted_sender", sender: user });

    const after = await customer.sealdesk.safetyNumbers(user);
    expect(after.known).toBe(before.known);
    expect(after.offered).not.toBe(before.known);
    const wrong = customer.sealdesk.acceptAccountKey(user, before.known!);
    await expect(wrong).rejects.toMatchObject({ code: "untrusted_member" });
    await customer.sealdesk.acceptAccountKey(user, after.offered!);
    await asking.send("welcome back");
    await serving.send("thank you");

    const items = await readUntil(serving, (all) => textsOf(all).length === 3);
    expect(textsOf(items)).toEqual(["it is me", "welcome back", "thank you"]);
    const texts = await readUntil(asking, (all) => textsOf(all).length === 4);
    expect(textsOf(texts)).toEqual(["before", "to nobody's device", "welcome back", "thank you"]);
    expect((await customer.sealdesk.safetyNumbers(user)).known).toBe(after.offered);
    await Promise.all([returned, customer, admin].map(({ sealdesk }) => sealdesk.close()));
  });

  test("a role that was certified for the former account key is not that of the key a person accepted", async () => {
    const [agent, admin] = [await connectStaff(server), await connectStaff(server, "admin")];
    const { id } = agent.sealdesk.user;
    let isWithheld = false;
    const fetch = fetchChanging((path, body) =>
      isWithheld && path === `/v1/users/${id}/devices`
        ? { ...(body as object), staffCertificate: null }
        : body,
    );
    const customer = await connectCustomer(server, { runtime: { fetch } });
    const asking = await customer.sealdesk.openConversation({ with: [id] });
    expect(asking.uncertified).toEqual([]);
    const ended = new Promise((resolve) => agent.sealdesk.on("end", resolve));
    await admin.sealdesk.resetAccount(id, "devices_lost");
    await ended;
    const returned = await connect(server, agent.credentials);
    await readUntil(asking, (all) => problemsOf(all).length === 1);

    isWithheld = true;
    const { offered } = await customer.sealdesk.safetyNumbers(id);
    await customer.sealdesk.acceptAccountKey(id, offered!);
    expect(asking.uncertified).toEqual([id]);
    await expect(asking.send("x")).rejects.toMatchObject({ problem: "staff_not_certified" });
    isWithheld = false;
    const again = await customer.restart();
    await until(() => again.sealdesk.conversation(asking.id)!.uncertified.length === 0);
    await Promise.all([returned, again, admin].map(({ sealdesk }) => sealdesk.close()));
  });

  test.each(["sees it", "is away"])(
    "what is done under a changed account key counts once a person accepted that key: the device %s (R14, R26)",
    async (which) => {
      const [admin, supervisor, colleague] = await Promise.all([
        connectStaff(server, "admin"),
        connectStaff(server, "supervisor"),
        connectStaff(server),
      ]);
      const user = supervisor.sealdesk.user.id;
      let customer = await connectCustomer(server);
      const opened = await customer.sealdesk.openConversation({ with: [user] });
      await reset(admin, supervisor);
      if (which === "is away") await customer.sealdesk.close();
      const second = await connect(server, supervisor.credentials);
      await (await joined(second, opened.id)).addMember(colleague.sealdesk.user.id);
      if (which === "sees it")
        await readUntil(opened, (all) => all.some(({ kind }) => kind === "member_added"));

      customer = await customer.restart();
      const asking = await joined(customer, opened.id);
      const seen = await readUntil(asking, (all) =>
        all.some(({ kind }) => kind === "member_added"),
      );
      const problems = new Set(problemsOf(seen).map(({ code }) => code));
      expect([...problems]).toEqual(["account_key_changed"]);
      expect(asking.members.map((member) => member.user)).toContain(colleague.sealdesk.user.id);
      await expect(asking.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });

      const { offered } = await customer.sealdesk.safetyNumbers(user);
      await customer.sealdesk.acceptAccountKey(user, offered!);
      await asking.send("welcome back");
      for (const member of [colleague, second]) {
        const read = await readUntil(
          await joined(member, opened.id),
          (all) => textsOf(all).length > 0,
        );
        expect(textsOf(read)).toEqual(["welcome back"]);
      }
      await Promise.all(
        [admin, colleague, customer, second].map(({ sealdesk }) => sealdesk.close()),
      );
    },
    60_000,
  );

  test("what was done under a key that nobody accepted counts once a person accepts the next one and the members (R26)", async () => {
    const [admin, supervisor, colleague] = await Promise.all([
      connectStaff(server, "admin"),
      connectStaff(server, "supervisor"),
      connectStaff(server),
    ]);
    const user = supervisor.sealdesk.user.id;
    const customer = await connectCustomer(server);
    const asking = await customer.sealdesk.openConversation({ with: [user] });
    await reset(admin, supervisor);
    // Whoever knows the password is first.
    const thief = await connect(server, supervisor.credentials);
    await (await joined(thief, asking.id)).addMember(colleague.sealdesk.user.id);
    await readUntil(asking, (all) => all.some(({ kind }) => kind === "member_added"));
    const { seq } = asking;
    expect(asking.unaccepted).toEqual([{ user, seq }]);
    // The key can still be compared.
    const refused = { code: "untrusted_member", user };
    await expect(asking.acceptMembers(seq)).rejects.toMatchObject(refused);
    await reset(admin, thief);
    const returned = await connect(server, supervisor.credentials);
    await joined(returned, asking.id);
    const { offered } = await customer.sealdesk.safetyNumbers(user);
    await expect(asking.acceptMembers(asking.seq)).rejects.toMatchObject(refused);
    await customer.sealdesk.acceptAccountKey(user, offered!);
    await expect(asking.send("secret")).rejects.toMatchObject(refused);
    expect(asking.unaccepted).toEqual([{ user, seq }]);
    expect(asking.members.map((member) => member.user)).toContain(colleague.sealdesk.user.id);
    // The person was shown less than the thief did.
    await asking.acceptMembers(seq - 1);
    await expect(asking.send("secret")).rejects.toMatchObject(refused);
    await asking.acceptMembers(asking.seq);
    expect(asking.unaccepted).toEqual([]);
    await asking.send("welcome back");
    const again = await customer.restart();
    await (await joined(again, asking.id)).send("still here");
    for (const member of [colleague, returned]) {
      const read = await readUntil(
        await joined(member, asking.id),
        (all) => textsOf(all).length === 2,
      );
      expect(textsOf(read)).toEqual(["welcome back", "still here"]);
    }
    await Promise.all([admin, colleague, again, returned].map(({ sealdesk }) => sealdesk.close()));
  });

  test("messages under way while an account is reset are neither lost nor for its lost device", async () => {
    const [admin, keeper, lost] = await Promise.all([
      connectStaff(server, "admin"),
      connectStaff(server, "supervisor"),
      connectStaff(server),
    ]);
    const customer = await connectCustomer(server);
    const asking = await customer.sealdesk.openConversation({
      with: [keeper.sealdesk.user.id, lost.sealdesk.user.id],
    });
    const [keeping, losing] = [await joined(keeper, asking.id), await joined(lost, asking.id)];
    await Promise.all([asking.send("a"), keeping.send("b"), losing.send("c")]);

    const texts = Array.from({ length: 40 }, (_, turn) => `message ${turn}`);
    const typing = [asking, keeping].map((conversation) =>
      Promise.all(texts.map((text) => conversation.send(text))),
    );
    const answering = Promise.allSettled(texts.map((text) => losing.send(text)));
    await keeping.send("that will do");
    await admin.sealdesk.resetAccount(lost.sealdesk.user.id, "account_taken_over");
    const after = await asking.send("they are gone");
    const sent = (await Promise.all(typing)).flat();
    const accepted = (await answering).flatMap((each) =>
      each.status === "fulfilled" ? [each.value] : [],
    );
    const all = [...sent, ...accepted, after].map(({ seq }) => seq).toSorted((a, b) => a - b);
    for (const conversation of [asking, keeping]) {
      const items = await readUntil(conversation, (some) =>
        all.every((seq) => some.some((item) => item.seq === seq)),
      );
      expect(problemsOf(items)).toEqual([]);
    }
    expect(losing.seq).toBeLessThan(after.seq);
    await Promise.all([admin, keeper, lost, customer].map(({ sealdesk }) => sealdesk.close()));
  });

  test("prekeys are published again when few are left", async () => {
    let agent = await connectStaff(server);
    const { device } = agent.sealdesk;
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
    await agent.sealdesk.close();
  });

  test("a relay that hands out other keys than were published is noticed", async () => {
    const agent = await connectStaff(server);
    await server.database.owner.query(
      `update sealdesk.signed_prekeys set public_key = set_byte(public_key, 5, 1 + get_byte(public_key, 5) % 200)
       where device = $1 and kind = 'ec'`,
      [agent.sealdesk.device],
    );
    const again = await agent.restart();
    const code = await new Promise((resolve) =>
      again.sealdesk.on("security", (event) => resolve(event.code)),
    );
    expect(code).toBe("published_keys_differ");
    await again.sealdesk.close();
  });

  test("a revoked device is told so, and comes back no more", async () => {
    const agent = await connectStaff(server);
    await server.database.owner.query(
      "update sealdesk.devices set revoked_at_ms = 1 where id = $1",
      [agent.sealdesk.device],
    );
    await agent.sealdesk.close();
    const attempt = connect(server, agent.credentials, { level: agent.level }, agent.key);
    await expect(attempt).rejects.toMatchObject({ code: "device_revoked" });
  });
});

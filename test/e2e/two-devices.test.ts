import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, Sealdesk, type SealdeskError } from "../../client/index.ts";
import { webSocket } from "../../client/index.node.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import {
  connect,
  connectCustomer,
  connectStaff,
  copyOf,
  joined,
  problemsOf,
  readTexts,
  readUntil,
  textsOf,
} from "../support/member.ts";

describe("a customer and an agent", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("write to each other", async () => {
    const agent = await connectStaff(server);
    const customer = await connectCustomer(server);
    const asked = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const answered = await joined(agent, asked.id);

    const question = await asked.send("Where is my claim?");
    const answer = await answered.send("On my sealdesk. 🙂");

    expect(question.seq).toBe(2);
    expect(answer.seq).toBe(3);
    for (const conversation of [asked, answered]) {
      const items = await readUntil(conversation, (all) => all.length === 3);
      expect(items.map(({ kind }) => kind)).toEqual(["created", "message", "message"]);
      expect(textsOf(items)).toEqual(["Where is my claim?", "On my sealdesk. 🙂"]);
      expect(items[1]).toMatchObject({ id: question.id, sender: customer.sealdesk.user.id });
      expect(items[2]).toMatchObject({ id: answer.id, sender: agent.sealdesk.user.id });
    }
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });

  test("keep keys, history and cursor over a restart", async () => {
    let agent = await connectStaff(server);
    let customer = await connectCustomer(server);
    const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await (await joined(agent, id)).send("one");
    const device = customer.sealdesk.device;

    customer = await customer.restart();
    agent = await agent.restart();
    const again = customer.sealdesk.conversation(id)!;
    await again.send("two");
    await (await joined(agent, id)).send("three");

    expect(customer.sealdesk.device).toBe(device);
    expect(await readTexts(again, 3)).toEqual(["one", "two", "three"]);
    expect(await readTexts(await joined(agent, id), 3)).toEqual(["one", "two", "three"]);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });

  test("get what was written while they were away", async () => {
    const agent = await connectStaff(server);
    let customer = await connectCustomer(server);
    const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const conversation = await joined(agent, id);
    await customer.sealdesk.close();
    const texts = Array.from({ length: 300 }, (_, index) => `message ${index}`);
    await Promise.all(texts.map((text) => conversation.send(text)));

    customer = await connect(server, customer.credentials, { level: customer.level }, customer.key);
    await customer.sealdesk.synced();

    const items = await readUntil(customer.sealdesk.conversation(id)!, (all) => all.length === 301);
    expect(textsOf(items)).toEqual(texts);
    expect(problemsOf(items)).toEqual([]);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });

  test("keep their state on disk, sealed with a passphrase, for one process at a time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sealdesk-device-"));
    const customer = await connectCustomer(server);
    const { id, ...account } = await server.createStaff("agent");
    const credentials = { grant: "password", ...account } as const;
    const suite = signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 });
    const open = async () => {
      const store = await openStore(folder, "a passphrase");
      return Sealdesk.connect({ url: server.url, credentials, suite, store, webSocket });
    };
    const first = await open();
    const asking = await customer.sealdesk.openConversation({ with: [id] });
    await asking.send("a secret that no disk shows");
    await expect(openStore(folder, "a passphrase")).rejects.toMatchObject({ code: "store_in_use" });
    await first.close();

    await expect(openStore(folder, "another")).rejects.toMatchObject({ code: "wrong_key" });
    const files = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name))),
    );
    expect(Buffer.concat(files).includes("no disk shows")).toBe(false);
    const second = await open();
    await second.synced();
    expect(second.device).toBe(first.device);
    expect(await readTexts(second.conversation(asking.id)!, 1)).toEqual([
      "a secret that no disk shows",
    ]);
    await Promise.all([second.close(), customer.sealdesk.close()]);
    await rm(folder, { recursive: true });
  });

  test("a second store of one account is told that another device must approve it", async () => {
    const agent = await connectStaff(server);
    await expect(connect(server, agent.credentials)).rejects.toMatchObject({
      name: "SealdeskError",
      code: "account_has_other_devices",
    });
    await agent.sealdesk.close();
  });

  test("a store serves one account only", async () => {
    const agent = await connectStaff(server);
    const { tenant, username, password } = await server.createStaff("agent");
    await agent.sealdesk.close();
    const attempt = connect(
      server,
      { grant: "password", tenant, username, password },
      { level: agent.level },
      agent.key,
    );
    await expect(attempt).rejects.toMatchObject({ code: "other_account" });
  });

  test("a wrong password is said to be one", async () => {
    const { tenant, username } = await server.createStaff("agent");
    const attempt = connect(server, { grant: "password", tenant, username, password: "wrong" });
    await expect(attempt).rejects.toMatchObject({ code: "sign_in_failed", status: 401 });
  });

  test("a second socket of a device displaces the first, whose readers end with the reason", async () => {
    const first = await connectStaff(server);
    const customer = await connectCustomer(server);
    const { id } = await customer.sealdesk.openConversation({ with: [first.sealdesk.user.id] });
    const conversation = await joined(first, id);
    const ended = new Promise<SealdeskError>((resolve) => first.sealdesk.on("end", resolve));
    const reading = expect(readUntil(conversation, () => false)).rejects.toMatchObject({
      code: "displaced",
      closeCode: 4509,
    });
    const copy = await copyOf(first.level);

    const second = await connect(server, first.credentials, { level: copy }, first.key);

    await reading;
    expect((await ended).code).toBe("displaced");
    await expect(conversation.send("late")).rejects.toMatchObject({ code: "displaced" });
    await Promise.all([first.sealdesk.close(), second.sealdesk.close(), customer.sealdesk.close()]);
  });
});

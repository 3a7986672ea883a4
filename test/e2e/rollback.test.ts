import { deferred } from "../../client/deferred.ts";
import type { ConversationItem } from "../../client/index.ts";
import type { Frame } from "../../crypto/wire/frame.ts";
import { joined, problemsOf, readUntil, startLinking, textsOf } from "../support/member.ts";
import { openDiskPair, type DiskPair } from "../support/disk-pair.ts";
import type { DiskDevice, Disks } from "../support/rollback.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import type { TamperingRelay } from "../support/tampering-relay.ts";

const has = (text: string) => (items: readonly ConversationItem[]) => textsOf(items).includes(text);
const read = async (device: DiskDevice, id: string, text: string) =>
  readUntil(await joined(device, id), has(text));
const say = async (device: DiskDevice, id: string, ...texts: string[]): Promise<void> => {
  for (const text of texts) await (await joined(device, id)).send(text);
};
const codesOf = (items: readonly ConversationItem[]) => problemsOf(items).map(({ code }) => code);
const noticesOf = (items: readonly ConversationItem[]) =>
  items.filter((item) => item.kind === "device_restored");

describe("R5: a device's store is put back to an older copy", () => {
  let server: TestServer;
  let pair: DiskPair;
  let disks: Disks;
  let relay: TamperingRelay;
  let customer: DiskDevice;
  let agent: DiskDevice;
  let id: string;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    pair = await openDiskPair(server);
    ({ relay, disks, customer, agent } = pair);
    ({ id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] }));
    await say(customer, id, "hello");
    await read(agent, id, "hello");
    await say(agent, id, "good morning");
    await read(customer, id, "good morning");
  });
  afterEach(() => pair.close());

  /** Closes a device, copies its store, and opens it again. */
  async function copied(device: DiskDevice): Promise<string> {
    await device.close();
    const copy = await device.copy();
    await device.open();
    return copy;
  }

  async function rollBack(device: DiskDevice, copy: string): Promise<void> {
    await device.close();
    await device.putBack(copy);
    await device.open();
  }

  test("messages from a restored store open on every device, and each member is told", async () => {
    const copy = await copied(customer);
    await say(customer, id, "one", "two", "three", "four", "five");
    await rollBack(customer, copy);
    await say(customer, id, "six", "seven", "eight");

    const items = await read(agent, id, "eight");
    expect(codesOf(items)).toEqual([]);
    expect(textsOf(items)).toEqual(
      "hello,good morning,one,two,three,four,five,six,seven,eight".split(","),
    );
    expect(noticesOf(items)).toMatchObject([
      { lost: 5, own: false, sender: customer.sealdesk.user.id },
    ]);
    const own = await read(customer, id, "eight");
    expect(codesOf(own)).toEqual(Array.from({ length: 5 }, () => "lost_in_rollback"));
    expect(noticesOf(own)).toMatchObject([{ lost: 5, own: true }]);
    expect(customer.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 5 }]);
    expect(agent.rolledBack()).toEqual([]);
    // Nothing of it is left to be found again.
    await customer.close();
    await customer.open();
    await say(customer, id, "nine");
    await read(agent, id, "nine");
    expect(customer.rolledBack()).toHaveLength(1);
  }, 60_000);

  test("an agent's device, in several conversations", async () => {
    const ids = [id];
    for (let count = 0; count < 2; count++)
      ids.push((await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] })).id);
    for (const each of ids) {
      await say(agent, each, "begun");
      await read(customer, each, "begun");
    }
    const copy = await copied(agent);
    for (const [index, each] of ids.entries()) {
      await say(agent, each, ...Array.from({ length: index + 1 }, (_, at) => `lost ${at}`));
      await say(customer, each, "question");
    }
    await rollBack(agent, copy);
    for (const each of ids) await say(agent, each, "answer");

    for (const [index, each] of ids.entries()) {
      const items = await read(customer, each, "answer");
      expect(codesOf(items)).toEqual([]);
      expect(noticesOf(items)).toMatchObject([{ lost: index + 1 }]);
      expect(textsOf(await read(agent, each, "answer"))).toContain("question");
    }
    expect(agent.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 6 }]);
  }, 60_000);

  test("a copy made while the device was connected is known by its own messages", async () => {
    const copy = await customer.copy();
    await say(customer, id, "one", "two");
    await rollBack(customer, copy);
    await say(customer, id, "three");
    const items = await read(agent, id, "three");
    expect(codesOf(items)).toEqual([]);
    expect(customer.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 2 }]);
  }, 60_000);

  test("a device that had only received reads the messages again, and receives later ones", async () => {
    const newcomer = await disks.agent();
    const copy = await copied(customer);
    await agent.sealdesk.conversation(id)?.addMember(newcomer.sealdesk.user.id);
    // A first message to this device, by a prekey that the copy has still.
    await say(newcomer, id, "I am new");
    await say(agent, id, "welcome");
    await read(customer, id, "welcome");
    await rollBack(customer, copy);
    const items = await read(customer, id, "welcome");
    expect(codesOf(items)).toEqual([]);
    expect(textsOf(items)).toContain("I am new");
    await say(customer, id, "thanks");
    await read(newcomer, id, "thanks");
    await say(newcomer, id, "any time");
    await say(agent, id, "see you");
    expect(codesOf(await read(customer, id, "see you"))).toEqual([]);
    expect(customer.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 0 }]);
  }, 60_000);

  test("sending keys and members changed meanwhile", async () => {
    const newcomer = await disks.agent();
    const eager = { limits: { maxMessages: 1, maxAgeMs: 3_600_000 } };
    const copy = await copied(customer);
    for (const device of [customer, agent]) {
      await device.close();
      await device.open(eager);
    }
    // Each message brings a key, sealed to a session that the copy does not know.
    for (let turn = 0; turn < 3; turn++) {
      await say(customer, id, `c${turn}`);
      await read(agent, id, `c${turn}`);
      await say(agent, id, `a${turn}`);
      await read(customer, id, `a${turn}`);
    }
    await agent.sealdesk.conversation(id)?.addMember(newcomer.sealdesk.user.id);
    await say(newcomer, id, "I am new");
    await rollBack(customer, copy);
    await say(customer, id, "after");
    for (const member of [agent, newcomer]) {
      expect(codesOf(await read(member, id, "after"))).toEqual([]);
      await say(member, id, `heard by ${member.sealdesk.user.id}`);
    }
    const own = await read(customer, id, `heard by ${newcomer.sealdesk.user.id}`);
    expect(textsOf(own)).toContain(`heard by ${agent.sealdesk.user.id}`);
    expect(new Set(codesOf(own))).toEqual(new Set(["lost_in_rollback"]));
    expect(customer.rolledBack()).toHaveLength(1);
    expect(noticesOf(own)).toMatchObject([{ lost: codesOf(own).length }]);
  }, 60_000);

  test("another device of the account continues to read, and is told", async () => {
    const joining = await startLinking(server, customer.credentials);
    await customer.sealdesk.approveDevice(joining.link.code);
    const sibling = await joining.member;
    disks.onClose(() => sibling.sealdesk.close());
    await joined(sibling, id);
    await say(customer, id, "to both");
    const copy = await copied(customer);
    await say(customer, id, "one");
    await rollBack(customer, copy);
    await say(customer, id, "two");
    const items = await readUntil(await joined(sibling, id), has("two"));
    expect(codesOf(items)).toEqual([]);
    expect(noticesOf(items)).toMatchObject([{ mine: true, own: false, lost: 1 }]);
    await (await joined(sibling, id)).send("three");
    expect(textsOf(await read(customer, id, "three"))).toContain("two");
  }, 60_000);

  test("two machines with one store each notice it, whichever of them continues", async () => {
    const copy = await copied(customer);
    const other = disks.keep(await customer.clone(copy));
    await say(customer, id, "one");
    await customer.close();
    await other.open();
    await say(other, id, "two");
    await other.close();
    await customer.open();
    await say(customer, id, "three");
    await customer.close();
    await other.open();
    await say(other, id, "four");
    const items = await read(agent, id, "four");
    expect(codesOf(items)).toEqual([]);
    expect(textsOf(items).slice(-4)).toEqual(["one", "two", "three", "four"]);
    expect(customer.rolledBack()).toHaveLength(1);
    expect(other.rolledBack()).toHaveLength(2);
  }, 60_000);

  test("a message that waited in the copy and was sent since is sent once", async () => {
    await customer.close();
    // What is said without the end of catching up stays in the outbox.
    relay.tamper = (frame) => (frame.kind === "synced" ? [] : [frame]);
    await customer.open({ webSocket: relay.webSocket });
    const said = customer.conversation(id).send("queued");
    said.catch(() => undefined);
    await customer.close();
    await expect(said).rejects.toMatchObject({ code: "closed" });
    const copy = await customer.copy();
    await customer.open();
    await read(customer, id, "queued");
    await say(customer, id, "one");
    await rollBack(customer, copy);
    await say(customer, id, "two");
    const items = await read(agent, id, "two");
    expect(codesOf(items)).toEqual([]);
    expect(textsOf(items)).toEqual(["hello", "good morning", "queued", "one", "two"]);
    const own = await read(customer, id, "two");
    expect(textsOf(own)).toEqual(["hello", "good morning", "queued", "two"]);
    expect(customer.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 1 }]);
  }, 60_000);

  test("a file that was under way in the copy and was sent since is sent once", async () => {
    const fileIn = (items: readonly ConversationItem[]) =>
      items.filter(({ kind }) => kind === "attachment");
    await customer.close();
    const asked = deferred<void>();
    await customer.open({
      runtime: {
        fetch: (url, init) => {
          if (init.method !== "PATCH") return globalThis.fetch(url, init);
          asked.resolve();
          return Promise.reject(new TypeError("no network"));
        },
      },
    });
    const data = new Blob([new Uint8Array(5000).fill(7)]);
    const sending = customer
      .conversation(id)
      .sendAttachment({ name: "scan.png", type: "image/png", data });
    sending.catch(() => undefined);
    await asked.promise;
    await customer.close();
    const copy = await customer.copy();
    await customer.open();
    await readUntil(customer.conversation(id), (items) => fileIn(items).length === 1);
    await rollBack(customer, copy);
    await say(customer, id, "done");
    expect(fileIn(await read(agent, id, "done"))).toHaveLength(1);
    expect(fileIn(await read(customer, id, "done"))).toHaveLength(1);
    expect(customer.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 0 }]);
  }, 60_000);

  test("a message that was stored while its answer was lost is no rollback", async () => {
    await customer.close();
    relay.tamper = (frame) => (frame.kind === "accepted" ? [] : [frame]);
    await customer.open({ webSocket: relay.webSocket });
    const said = customer.conversation(id).send("unanswered");
    said.catch(() => undefined);
    await read(agent, id, "unanswered");
    await customer.close();
    await customer.open();
    await say(customer, id, "more");
    expect(codesOf(await read(customer, id, "more"))).toEqual([]);
    expect(textsOf(await read(agent, id, "more")).slice(-2)).toEqual(["unanswered", "more"]);
    expect(customer.rolledBack()).toEqual([]);
  }, 60_000);

  test("a recovery that is cut off goes on with the next start; nothing goes out before", async () => {
    const copy = await copied(customer);
    await say(customer, id, "one");
    await customer.close();
    await customer.putBack(copy);
    const asked = deferred<void>();
    await customer.open({
      runtime: {
        fetch: (url, init) => {
          if (init.method !== "PUT") return globalThis.fetch(url, init);
          asked.resolve();
          return Promise.reject(new TypeError("no network"));
        },
      },
    });
    const said = customer.conversation(id).send("two");
    said.catch(() => undefined);
    await asked.promise;
    const dead = await customer.copy();
    await customer.close();
    await customer.putBack(dead);
    expect(agent.conversation(id).seq).toBe(4);
    await customer.open();
    await say(customer, id, "three");
    const items = await read(agent, id, "three");
    expect(codesOf(items)).toEqual([]);
    expect(textsOf(items).slice(-3)).toEqual(["one", "two", "three"]);
    expect(noticesOf(items)).toHaveLength(1);
    expect(customer.rolledBack()).toEqual([{ code: "store_rolled_back", lost: 1 }]);
  }, 60_000);

  test("a server that always claims it cannot make the device replace its keys for ever", async () => {
    await customer.close();
    let claims = 0;
    const claimed = deferred<void>();
    relay.tamper = (frame: Frame) => {
      if (frame.kind !== "welcome") return [frame];
      if (++claims === 5) claimed.resolve();
      return [
        { kind: "welcome", body: { ...frame.body, lastGeneration: Number.MAX_SAFE_INTEGER } },
      ];
    };
    await customer.open({ webSocket: relay.webSocket });
    const said = customer.conversation(id).send("two");
    said.catch(() => undefined);
    await claimed.promise;
    await customer.close();
    await customer.open();
    await say(customer, id, "three");
    const items = await read(agent, id, "three");
    expect(codesOf(items)).toEqual([]);
    expect(noticesOf(items).length).toBeLessThan(3);
  }, 60_000);

  test("a member names the cause where a sender did not find out", async () => {
    const copy = await copied(customer);
    await say(customer, id, "one", "two");
    await customer.close();
    await customer.putBack(copy);
    // A server that hides the device's own messages from it, and what it heard of its store.
    relay.tamper = (frame) => {
      if (frame.kind === "heads") {
        const heads = frame.body.heads.map((head) => ({ ...head, seq: 3 }));
        return [{ kind: "heads", body: { heads } }];
      }
      if (frame.kind === "welcome")
        return [{ kind: "welcome", body: { ...frame.body, lastGeneration: 0 } }];
      if (frame.kind === "synced") return [{ kind: "synced", body: { ...frame.body, seq: 3 } }];
      return frame.kind === "deliver" && frame.body.seq > 3 ? [] : [frame];
    };
    await customer.open({ webSocket: relay.webSocket });
    customer
      .conversation(id)
      .send("three")
      .catch(() => undefined);
    const items = await readUntil(agent.conversation(id), (all) => problemsOf(all).length > 0);
    expect(problemsOf(items)).toMatchObject([{ code: "key_reused", seq: 6 }]);
  }, 60_000);
});

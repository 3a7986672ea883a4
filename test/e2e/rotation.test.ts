import { decode, message, uint } from "../../crypto/wire/protobuf.ts";
import type { Conversation } from "../../client/index.ts";
import {
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { rawMessages } from "../support/raw-log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const rounds = 1_000;

/** The fields of libsignal's SenderKeyMessage that say which message key it is under. */
const senderKeyMessage = message({ chain: [2, uint()], iteration: [3, uint()] });

describe("keys rotate under way", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("C4: two devices send at the same instant, each under a new key, 1,000 times", async () => {
    const everyMessage = { limits: { maxMessages: 1, maxAgeMs: 3_600_000 } };
    const agent = await connectStaff(server, "agent", everyMessage);
    const customer = await connectCustomer(server, everyMessage);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);

    for (let round = 0; round < rounds; round++)
      await Promise.all([asking.send(`c${round}`), serving.send(`a${round}`)]);

    const expected = Array.from({ length: rounds }, (_, round) => [`a${round}`, `c${round}`]);
    for (const conversation of [asking, serving]) {
      const texts = await readAll(conversation, 2 * rounds);
      expect(texts.toSorted()).toEqual(expected.flat().toSorted());
    }
    const keys = (await rawMessages(server, asking.id)).map(
      ({ senderDevice, keyId, ciphertext }) => {
        // Version byte || message || signature, as libsignal writes it.
        const { chain, iteration } = decode(senderKeyMessage, ciphertext.subarray(1, -64));
        return [senderDevice, keyId, chain, iteration].join(" ");
      },
    );
    expect(new Set(keys).size).toBe(2 * rounds);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  }, 180_000);

  test("C4: two devices send while a third joins and leaves, 60 times", async () => {
    const [agent, guest, customer] = await Promise.all([
      connectStaff(server, "supervisor"),
      connectStaff(server),
      connectCustomer(server),
    ]);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    const changes = { over: false };
    let sent = 0;
    const typing = [asking, serving].map(async (conversation, who) => {
      for (let turn = 0; !changes.over; turn++) {
        await Promise.all([
          conversation.send(`${who}.${turn}a`),
          conversation.send(`${who}.${turn}b`),
        ]);
        sent += 2;
      }
    });
    for (let change = 0; change < 30; change++) {
      await serving.addMember(guest.sealdesk.user.id);
      await serving.removeMember(guest.sealdesk.user.id);
    }
    changes.over = true;
    await Promise.all(typing);

    for (const conversation of [asking, serving]) {
      const texts = await readAll(conversation, sent);
      expect(new Set(texts).size).toBe(sent);
      for (const who of [0, 1]) {
        const own = texts.filter((text) => text.startsWith(`${who}.`));
        expect(own).toEqual(
          Array.from(own, (_, index) => `${who}.${index >> 1}${"ab"[index % 2]}`),
        );
      }
    }
    await agent.sealdesk.synced();
    const visiting = await joined(guest, asking.id);
    const removals = (items: readonly { readonly kind: string }[]) =>
      items.filter(({ kind }) => kind === "member_removed").length;
    const seen = await readUntil(visiting, (items) => removals(items) === 30);
    // The supervisor seals nothing for the guest from the call on, which is before the event.
    const others = problemsOf(seen).filter(
      ({ code, sender }) => code !== "no_key" || sender !== agent.sealdesk.user.id,
    );
    expect(others).toEqual([]);
    await Promise.all([agent.sealdesk.close(), guest.sealdesk.close(), customer.sealdesk.close()]);
  }, 120_000);

  test("a key that the tenant's limits end is replaced, and nothing is lost or doubled", async () => {
    // The relay ends a key after 100 messages, whatever the device thinks.
    const longer = { limits: { maxMessages: 10_000, maxAgeMs: 864_000_000 } };
    const agent = await connectStaff(server, "agent", longer);
    const customer = await connectCustomer(server, longer);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const texts = Array.from({ length: 250 }, (_, index) => `message ${index}`);

    await Promise.all(texts.map((text) => asking.send(text)));
    server.clock.offsetMs += 61 * 60_000;
    await asking.send("an hour later");
    server.clock.offsetMs = 0;

    expect(await readAll(await joined(agent, asking.id), 251)).toEqual([...texts, "an hour later"]);
    const keys = new Set((await rawMessages(server, asking.id)).map(({ keyId }) => keyId));
    expect(keys.size).toBe(4);
    await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
  });
});

async function readAll(conversation: Conversation, count: number): Promise<string[]> {
  const items = await readUntil(
    conversation,
    (all) => all.length >= count && textsOf(all).length === count,
  );
  expect(problemsOf(items)).toEqual([]);
  return textsOf(items);
}

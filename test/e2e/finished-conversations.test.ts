import { deferred } from "../../client/deferred.ts";
import type { Frame } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { joined, readUntil, textsOf } from "../support/member.ts";
import { openDiskPair, type DiskPair } from "../support/disk-pair.ts";
import type { DiskDevice } from "../support/rollback.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import type { TamperingRelay } from "../support/tampering-relay.ts";
import { until } from "../support/until.ts";

const reads = async (device: DiskDevice, id: ConversationId, text: string) =>
  readUntil(await joined(device, id), (items) => textsOf(items).includes(text));

describe("the list of conversations at connection", () => {
  let server: TestServer;
  let pair: DiskPair;
  let relay: TamperingRelay;
  let customer: DiskDevice;
  let agent: DiskDevice;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    pair = await openDiskPair(server);
    ({ relay, customer, agent } = pair);
  });
  afterEach(() => pair.close());

  async function begin(...texts: string[]): Promise<ConversationId> {
    const conversation = await customer.sealdesk.openConversation({
      with: [agent.sealdesk.user.id],
    });
    for (const text of texts) await conversation.send(text);
    return conversation.id;
  }

  /** Closes the conversation, and waits until both devices have acknowledged that. */
  async function finish(id: ConversationId): Promise<void> {
    await agent.conversation(id).close();
    await until(async () => {
      const { rows } = await server.database.owner.query<{ finished: boolean }>(
        "select finished from sealdesk.member_devices where conversation = $1",
        [id],
      );
      return rows.every(({ finished }) => finished);
    });
  }

  /** Opens the agent's device and returns the conversations that the relay lists. */
  async function listed(): Promise<ReadonlySet<ConversationId>> {
    const told = new Set<ConversationId>();
    relay.tamper = (frame: Frame) => {
      if (frame.kind === "heads")
        for (const { conversation } of frame.body.heads) told.add(conversation);
      return [frame];
    };
    await agent.open({ webSocket: relay.webSocket });
    return told;
  }

  test("a finished conversation is left out, and its history stays", async () => {
    const [finished, open] = [await begin("one"), await begin("two")];
    await reads(agent, finished, "one");
    await reads(agent, open, "two");
    await finish(finished);
    await agent.close();
    expect(await listed()).toEqual(new Set([open]));
    await reads(agent, finished, "one");
    await agent.conversation(open).send("three");
    await reads(customer, open, "three");
  }, 60_000);

  test("an older copy of the store gets the conversations that were finished since", async () => {
    await agent.close();
    const copy = await agent.copy();
    await agent.open();
    const id = await begin("one");
    await reads(agent, id, "one");
    await finish(id);
    await agent.close();
    await agent.putBack(copy);
    await agent.open();
    const conversation = await joined(agent, id);
    await until(() => conversation.state === "closed");
    await until(() => agent.rolledBack().length === 1);
  }, 60_000);

  test("a device that misses a conversation in the list asks for the finished ones", async () => {
    const id = await begin("one");
    await reads(agent, id, "one");
    await agent.close();
    let welcomes = 0;
    const again = deferred<void>();
    relay.tamper = (frame: Frame) => {
      if (frame.kind === "welcome" && ++welcomes === 2) again.resolve();
      return frame.kind === "heads" && welcomes === 0 ? [] : [frame];
    };
    await agent.open({ webSocket: relay.webSocket });
    await again.promise;
    await agent.conversation(id).send("two");
    await reads(customer, id, "two");
    expect(relay.connections()).toBe(2);
  }, 60_000);
});

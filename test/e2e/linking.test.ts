import { DeviceStore } from "../../crypto/device/store.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { SealdeskError } from "../../client/index.ts";
import type { DeviceChange } from "../../client/index.ts";
import {
  closeAll,
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { openableBy, rawMessages, rawPackets } from "../support/raw-log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** The keys of a closed device, as its store has them. */
async function keysOf({ level, key }: Member): Promise<ReadonlyMap<string, Uint8Array>> {
  const store = await DeviceStore.open(level, key);
  const keys = await store.read((transaction) => transaction.list("identity!"));
  await store.close();
  return new Map(keys);
}

describe("several devices of one account", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  test("two devices of a customer and two of an agent converge, and recognise their own messages", async () => {
    const [agent, customer] = await Promise.all([connectStaff(server), connectCustomer(server)]);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    await asking.send("said before");
    const before = await customer.sealdesk.safetyNumbers(agent.sealdesk.user.id);
    const changes: DeviceChange[] = [];
    customer.sealdesk.on("device", (change) => void changes.push(change));

    const laptop = await connectSibling(server, customer, {}, { history: false });
    const tablet = await connectSibling(server, agent, {}, { history: false });
    expect(laptop.sealdesk.user).toEqual(customer.sealdesk.user);
    expect(laptop.sealdesk.device).not.toBe(customer.sealdesk.device);
    const typing = await joined(laptop, asking.id);
    const tapping = await joined(tablet, asking.id);
    await readUntil(typing, (all) =>
      all.some((item) => "device" in item && item.device === tablet.sealdesk.device),
    );

    await typing.send("from the laptop");
    await tapping.send("from the tablet");
    await asking.send("from the telephone");
    await serving.send("from the desk");

    const four = ["from the laptop", "from the tablet", "from the telephone", "from the desk"];
    for (const conversation of [asking, serving, typing, tapping]) {
      const items = await readUntil(conversation, (all) => textsOf(all).includes("from the desk"));
      expect(problemsOf(items)).toEqual([]);
      expect(textsOf(items).slice(-4).toSorted()).toEqual(four.toSorted());
    }
    // A new device cannot read the past that it is not given.
    const seen = await readUntil(typing, (all) => textsOf(all).length === 4);
    expect(textsOf(seen)).not.toContain("said before");
    expect(seen[0]).toMatchObject({
      kind: "device_added",
      subject: customer.sealdesk.user.id,
      device: laptop.sealdesk.device,
    });
    const mine = seen.flatMap((item) =>
      item.kind === "message" ? [[item.text, item.mine, item.own]] : [],
    );
    expect(mine).toEqual(
      expect.arrayContaining([
        ["from the laptop", true, true],
        ["from the telephone", true, false],
        ["from the tablet", false, false],
      ]),
    );
    expect(changes).toMatchObject([
      {
        device: laptop.sealdesk.device,
        change: "added",
        mine: true,
        user: customer.sealdesk.user.id,
      },
      {
        device: tablet.sealdesk.device,
        change: "added",
        mine: false,
        user: agent.sealdesk.user.id,
      },
    ]);
    // Another device changes no safety number, and takes over whom its sibling knows.
    const after = await customer.sealdesk.safetyNumbers(agent.sealdesk.user.id);
    expect(after).toEqual(before);
    expect(await laptop.sealdesk.safetyNumbers(agent.sealdesk.user.id)).toEqual(before);
    expect(await customer.sealdesk.devices()).toEqual([
      { id: customer.sealdesk.device, current: true, certified: true },
      { id: laptop.sealdesk.device, current: false, certified: true },
    ]);
    await closeAll(agent, customer, laptop, tablet);
  }, 90_000);

  test("a second device goes on over a restart, and can itself let a third one in", async () => {
    const [agent, customer] = await Promise.all([connectStaff(server), connectCustomer(server)]);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    let second = await connectSibling(server, customer);
    await customer.sealdesk.close();
    second = await second.restart();
    const third = await connectSibling(server, second);
    await (await joined(third, asking.id)).send("from the third");
    const items = await readUntil(
      await joined(agent, asking.id),
      (all) => textsOf(all).length === 1,
    );
    expect(problemsOf(items)).toEqual([]);
    expect(items.at(-1)).toMatchObject({ sender: customer.sealdesk.user.id });
    await closeAll(agent, second, third);
    const [one, other] = [await keysOf(second), await keysOf(third)];
    expect(one.get("identity!account")).toEqual(other.get("identity!account"));
    expect(one.get("identity!account")).toHaveLength(32);
    // No private key is in both stores, so none has to be replaced when one of them is removed.
    const shared = [...one].filter(([name, key]) => equalBytes(key, other.get(name)!));
    expect(shared.map(([name]) => name)).toEqual(["identity!account"]);
  }, 90_000);

  test("C2: nothing accepted after a device's removal opens on it, and it is told to stop", async () => {
    const [agent, customer] = await Promise.all([connectStaff(server), connectCustomer(server)]);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    const kept = await connectSibling(server, customer);
    const lost = await connectSibling(server, customer);
    const keeping = await joined(kept, asking.id);
    const losing = await joined(lost, asking.id);
    await Promise.all([asking.send("a"), serving.send("b"), keeping.send("c"), losing.send("d")]);
    const ended = new Promise<SealdeskError>((resolve) => lost.sealdesk.on("end", resolve));

    const typing = [asking, serving, keeping].map(async (conversation, who) => {
      const sent = [];
      for (let turn = 0; turn < 30; turn++) sent.push(await conversation.send(`${who}.${turn}`));
      return sent;
    });
    await asking.send("that one is gone");
    await customer.sealdesk.removeDevice(lost.sealdesk.device);
    const sent = (await Promise.all(typing)).flat();
    await asking.send("and now without it");

    expect(await ended).toMatchObject({ code: "device_revoked", closeCode: 4503 });
    await expect(losing.send("may I?")).rejects.toMatchObject({ code: "device_revoked" });
    await lost.sealdesk.close();
    const seen = await readUntil(keeping, (all) => textsOf(all).includes("and now without it"));
    const removal = seen.find(({ kind }) => kind === "device_removed");
    expect(removal).toMatchObject({
      subject: customer.sealdesk.user.id,
      device: lost.sealdesk.device,
    });
    const removedAt = removal!.seq;
    for (const staying of [asking, serving, keeping]) {
      const items = await readUntil(staying, (all) => textsOf(all).includes("and now without it"));
      expect(problemsOf(items)).toEqual([]);
    }
    expect((await customer.sealdesk.devices()).map(({ id }) => id)).toEqual([
      customer.sealdesk.device,
      kept.sealdesk.device,
    ]);
    await customer.sealdesk.removeDevice(lost.sealdesk.device);
    const unknown = customer.sealdesk.removeDevice(newId<DeviceId>());
    await expect(unknown).rejects.toMatchObject({ code: "device_not_found" });
    await closeAll(agent, customer, kept);

    const later = (await rawMessages(server, asking.id)).filter(({ seq }) => seq > removedAt);
    expect(later.length).toBe(sent.filter(({ seq }) => seq > removedAt).length + 1);
    expect(await openableBy(lost, later, await rawPackets(server, asking.id))).toEqual([]);
    await expect(lost.restart()).rejects.toMatchObject({ code: "device_revoked" });
  }, 90_000);
});

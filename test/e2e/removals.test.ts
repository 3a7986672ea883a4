/**
 * A removal counts when the log shows it, and not when the server says so. From the call on, the device
 * that asked for it seals nothing for whom it removed.
 */
import type { Fetch } from "../../client/index.ts";
import { systemClock, type Clock } from "../../client/runtime.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import {
  closeAll,
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readTexts,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A network on which the test answers removals. Without an answer it passes them on. */
function misledNetwork() {
  const network: { answer: ((url: string) => Response) | undefined; asked: number } = {
    answer: undefined,
    asked: 0,
  };
  const fetch: Fetch = async (url, init) => {
    const isRemoval = /\/removals?$/.test(url);
    if (!isRemoval || network.answer === undefined) return globalThis.fetch(url, init);
    network.asked++;
    return network.answer(url);
  };
  return Object.assign(network, { fetch });
}

/** Says that a removal is done, as event `seq`. */
const pretend =
  (seq: number) =>
  (url: string): Response =>
    url.includes("/conversations/")
      ? Response.json({ epoch: 2, seq })
      : new Response(null, { status: 204 });

const refuse = (status: number, code: string) => (): Response =>
  new Response(JSON.stringify({ code, status }), { status });

const fail = (): Response => {
  throw new Error("cut off");
};

/** A clock whose timers of a minute or more end when the test says so. */
function minuteClock() {
  const waiting = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    after(ms, callback) {
      if (ms < 60_000) return systemClock.after(ms, callback);
      waiting.add(callback);
      return () => void waiting.delete(callback);
    },
  };
  const pass = () => {
    const due = [...waiting];
    waiting.clear();
    for (const callback of due) callback();
  };
  return { clock, pass };
}

/** A supervisor with two devices, the other of which is stolen, a colleague and a customer. */
async function setUp() {
  const network = misledNetwork();
  const { clock, pass } = minuteClock();
  const remover = await connectStaff(server, "supervisor", {
    runtime: { fetch: network.fetch, clock },
  });
  const [colleague, customer] = await Promise.all([connectStaff(server), connectCustomer(server)]);
  const stolen = await connectSibling(server, remover, {}, { history: false });
  const kept = await connectSibling(server, remover, {}, { history: false });
  const { id } = await customer.sealdesk.openConversation({
    with: [remover.sealdesk.user.id, colleague.sealdesk.user.id],
  });
  await Promise.all([colleague, stolen, kept].map((member) => joined(member, id)));
  /** Waits for the outcome of a removal while minutes pass. */
  const outcome = async (removal: Promise<void>): Promise<unknown> => {
    let settled: unknown = undefined;
    removal.then(
      () => (settled = "resolved"),
      (error: unknown) => (settled = error),
    );
    await until(() => {
      pass();
      return settled !== undefined;
    });
    return settled;
  };
  return { network, remover, colleague, customer, stolen, kept, id, outcome };
}

/** Sends a text and returns who can read it. */
async function whoReads(
  sender: Member,
  id: ConversationId,
  readers: Readonly<Record<string, Member>>,
): Promise<string[]> {
  const { seq } = await (await joined(sender, id)).send("a new secret of the conversation");
  const names: string[] = [];
  for (const [name, reader] of Object.entries(readers)) {
    const items = await readUntil(
      await joined(reader, id),
      (all) => all.some((item) => item.seq === seq),
      seq - 1,
    );
    if (textsOf(items).length > 0) names.push(name);
  }
  return names;
}

describe("a server that says a removal is done, and does nothing", () => {
  test("the call rejects, and the removed member and device read nothing more", async () => {
    const { network, remover, colleague, customer, stolen, kept, id, outcome } = await setUp();
    const everybody = { colleague, customer, stolen, kept };
    const serving = await joined(remover, id);
    expect(await whoReads(remover, id, everybody)).toEqual(Object.keys(everybody));

    network.answer = pretend(serving.seq);
    const removals = [
      serving.removeMember(colleague.sealdesk.user.id),
      remover.sealdesk.removeDevice(stolen.sealdesk.device),
    ];
    await until(() => network.asked === 2);
    expect(await whoReads(remover, id, everybody)).toEqual(["customer", "kept"]);
    for (const removal of removals)
      expect(await outcome(removal)).toMatchObject({ code: "removal_not_confirmed" });
    // An event that is still to come is waited for, and not for ever.
    network.answer = pretend(serving.seq + 1_000);
    expect(await outcome(serving.removeMember(colleague.sealdesk.user.id))).toMatchObject({
      code: "removal_not_confirmed",
    });

    const restarted = await remover.restart();
    expect(await whoReads(restarted, id, everybody)).toEqual(["customer", "kept"]);
    // A device is removed from every conversation, also from later ones. A member is not.
    const later = await customer.sealdesk.openConversation({
      with: [remover.sealdesk.user.id, colleague.sealdesk.user.id],
    });
    expect(await whoReads(restarted, later.id, { colleague, stolen, kept })).toEqual([
      "colleague",
      "kept",
    ]);
    await closeAll(restarted, colleague, customer, stolen, kept);
  }, 90_000);

  test("nothing of the past is granted to them", async () => {
    const { network, remover, colleague, customer, stolen, kept, id, outcome } = await setUp();
    const asking = await joined(customer, id);
    await asking.send("what was said before");
    const serving = await joined(remover, id);
    await readTexts(serving, 1);
    network.answer = pretend(serving.seq);
    await outcome(serving.removeMember(colleague.sealdesk.user.id));
    await outcome(remover.sealdesk.removeDevice(stolen.sealdesk.device));

    const { user } = remover.sealdesk;
    const grant = (to: UserId, devices?: readonly string[]) =>
      serving.grantHistory({
        to,
        ...(devices && { devices }),
        fromSeq: 1,
        toSeq: 2,
        purpose: to === user.id ? "own_device" : "hand_over",
      });
    const refused = { code: "member_not_found" };
    await expect(grant(colleague.sealdesk.user.id)).rejects.toMatchObject(refused);
    await expect(grant(user.id, [stolen.sealdesk.device])).rejects.toMatchObject(refused);
    await grant(user.id);
    await closeAll(remover, colleague, customer, stolen, kept);
  }, 90_000);
});

test("a removal that is done resolves when the log shows it, also when you ask again", async () => {
  const { remover, colleague, customer, stolen, kept, id } = await setUp();
  const everybody = { customer, kept };
  const serving = await joined(remover, id);
  await remover.sealdesk.removeDevice(stolen.sealdesk.device);
  const listed = serving.members.flatMap(({ devices }) => devices);
  expect(listed).not.toContain(stolen.sealdesk.device);
  await remover.sealdesk.removeDevice(stolen.sealdesk.device);
  await serving.removeMember(colleague.sealdesk.user.id);
  expect(serving.members.map(({ user }) => user)).not.toContain(colleague.sealdesk.user.id);
  expect(await whoReads(remover, id, everybody)).toEqual(Object.keys(everybody));

  await serving.addMember(colleague.sealdesk.user.id);
  expect(await whoReads(remover, id, { ...everybody, colleague })).toContain("colleague");
  expect(problemsOf(await readUntil(serving, (all) => all.at(-1)?.seq === serving.seq))).toEqual(
    [],
  );
  await closeAll(remover, colleague, customer, stolen, kept);
}, 90_000);

test("who was not removed, because the server refused it, is sealed for as before", async () => {
  const { network, remover, colleague, customer, stolen, kept, id } = await setUp();
  const everybody = { colleague, customer, stolen, kept };
  const serving = await joined(remover, id);
  network.answer = refuse(403, "forbidden");
  await expect(serving.removeMember(colleague.sealdesk.user.id)).rejects.toMatchObject({
    code: "forbidden",
  });
  network.answer = refuse(404, "device_not_found");
  await expect(remover.sealdesk.removeDevice(stolen.sealdesk.device)).rejects.toMatchObject({
    code: "device_not_found",
  });
  expect(await whoReads(remover, id, everybody)).toEqual(Object.keys(everybody));
  await closeAll(remover, colleague, customer, stolen, kept);
}, 90_000);

test("a removal whose answer is lost holds over a restart, and is done when you ask again", async () => {
  const { network, remover, colleague, customer, stolen, kept, id } = await setUp();
  network.answer = fail;
  const serving = await joined(remover, id);
  const lost = { code: "network" };
  await expect(serving.removeMember(colleague.sealdesk.user.id)).rejects.toMatchObject(lost);
  await expect(remover.sealdesk.removeDevice(stolen.sealdesk.device)).rejects.toMatchObject(lost);

  const restarted = await remover.restart();
  const everybody = { colleague, customer, stolen, kept };
  expect(await whoReads(restarted, id, everybody)).toEqual(["customer", "kept"]);
  network.answer = undefined;
  await (await joined(restarted, id)).removeMember(colleague.sealdesk.user.id);
  await restarted.sealdesk.removeDevice(stolen.sealdesk.device);
  expect(await whoReads(restarted, id, { customer, kept })).toEqual(["customer", "kept"]);
  await closeAll(restarted, colleague, customer, stolen, kept);
}, 90_000);

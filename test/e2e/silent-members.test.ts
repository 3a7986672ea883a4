/**
 * Somebody copies a device's disk once, with its key. A member of the conversation only reads. After a
 * day of the devices' own clocks, the copy opens nothing new, whichever side it is of.
 */
import type { Conversation } from "../../client/index.ts";
import { systemClock, type Fetch } from "../../client/runtime.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import {
  connectCustomer,
  connectStaff,
  copyOf,
  joined,
  readTexts,
  type Member,
} from "../support/member.ts";
import { openableBy, rawMessages, rawPackets } from "../support/raw-log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { derivesNextKey } from "../support/stolen-store.ts";

const hour = 3_600_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A device's clock, which the test moves, and a count of its requests for bundles. */
function movableClock() {
  const local = { offsetMs: 0, bundles: 0, refusesBundles: false };
  const uploads = new Set<() => void>();
  const fetch: Fetch = async (url, init) => {
    const { pathname } = new URL(url);
    if (pathname.endsWith("/bundle")) {
      local.bundles++;
      if (local.refusesBundles) return new Response("{}", { status: 429 });
    }
    const answer = await globalThis.fetch(url, init);
    if (init.method !== "GET" && pathname.endsWith("/prekeys")) for (const done of uploads) done();
    return answer;
  };
  const clock = { ...systemClock, now: () => Date.now() + local.offsetMs };
  const uploaded = () => new Promise<void>((done) => uploads.add(done));
  return { local, uploaded, runtime: { clock, fetch } };
}

/** A customer who writes, and an agent who only reads. */
async function oneWriter() {
  const [writing, reading] = [movableClock(), movableClock()];
  const silent = await connectStaff(server, "agent", { runtime: reading.runtime });
  const writer = await connectCustomer(server, { runtime: writing.runtime });
  const conversation = await writer.sealdesk.openConversation({ with: [silent.sealdesk.user.id] });
  await conversation.send("first");
  await readTexts(await joined(silent, conversation.id), 1);
  /** Sends under a new key, because an hour has passed. */
  const sendAfter = async (hours: number, text: string) => {
    writing.local.offsetMs += hours * hour + 1;
    // The device hears the server's time again.
    await writer.sealdesk.staff();
    return (await conversation.send(text)).seq;
  };
  return { writing, reading, silent, writer, conversation, sendAfter };
}

const storeOf = async ({ level, key }: Pick<Member, "level" | "key">): Promise<DeviceStore> =>
  DeviceStore.open(await copyOf(level), key);

/** The messages that the copy opens with any packet that the relay has. */
const opens = async (copy: Member, { id }: Conversation) =>
  openableBy(copy, await rawMessages(server, id), await rawPackets(server, id));

test("a copy of the writer's store derives what goes to a silent member for half a day only", async () => {
  const { writing, silent, writer, conversation, sendAfter } = await oneWriter();
  const thief = await storeOf(writer);
  const { device } = silent.sealdesk;
  await sendAfter(1, "second");
  await sendAfter(1, "third");
  expect(await derivesNextKey(thief, await storeOf(writer), device, 4)).toBe(true);
  expect(writing.local.bundles).toBe(1);
  await sendAfter(10, "fourth");
  expect(writing.local.bundles).toBe(2);
  expect(await derivesNextKey(thief, await storeOf(writer), device, 24)).toBe(false);
  await sendAfter(1, "fifth");
  expect(writing.local.bundles).toBe(2);
  expect(await readTexts(await joined(silent, conversation.id), 5)).toEqual([
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
  ]);
  await Promise.all([silent, writer].map(({ sealdesk }) => sealdesk.close()));
});

test("a copy of the silent member's store opens what comes for a day at most", async () => {
  const { reading, silent, writer, conversation, sendAfter } = await oneWriter();
  const copy = { ...silent, level: await copyOf(silent.level) };
  const readable = await sendAfter(1, "second");
  expect(await opens(copy, conversation)).toContain(readable);

  const uploaded = reading.uploaded();
  reading.local.offsetMs += 12 * hour;
  const back = await silent.restart();
  await uploaded;
  const healed = await sendAfter(12, "third");
  const later = await sendAfter(1, "fourth");
  const opened = await opens(copy, conversation);
  expect(opened).toContain(readable);
  expect(opened).not.toContain(healed);
  expect(opened).not.toContain(later);
  expect(await readTexts(await joined(back, conversation.id), 4)).toEqual([
    "first",
    "second",
    "third",
    "fourth",
  ]);
  await Promise.all([back, writer].map(({ sealdesk }) => sealdesk.close()));
});

test("a server that gives no bundle silences nobody, and the user is told", async () => {
  const { writing, silent, writer, conversation, sendAfter } = await oneWriter();
  const told = new Promise((resolve) => writer.sealdesk.on("security", resolve));
  writing.local.refusesBundles = true;
  await sendAfter(12, "second");
  await sendAfter(24, "third");
  expect(await told).toEqual({
    code: "session_not_renewed",
    user: silent.sealdesk.user.id,
    device: silent.sealdesk.device,
    sinceMs: expect.any(Number),
    reason: "no_bundle",
  });
  writing.local.refusesBundles = false;
  const asked = writing.local.bundles;
  await sendAfter(1, "fourth");
  expect(writing.local.bundles).toBe(asked + 1);
  expect(await readTexts(await joined(silent, conversation.id), 4)).toEqual([
    "first",
    "second",
    "third",
    "fourth",
  ]);
  await Promise.all([silent, writer].map(({ sealdesk }) => sealdesk.close()));
});

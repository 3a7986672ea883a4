/** What somebody who has the key of an archive can change, and that the proof names it. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkConversation } from "../../../archiver/prove/check-conversation.ts";
import { proofText } from "../../../archiver/prove/proof-text.ts";
import { proveArchive } from "../../../archiver/prove/prove-archive.ts";
import type { Recorded } from "../../../archiver/prove/recorded-heads.ts";
import { Archive, archiveKey } from "../../../archiver/records/archive.ts";
import type { Archived, ArchivedEvent } from "../../../archiver/records/archived-event.ts";
import { folderStore } from "../../../archiver/store/folder-store.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import type { AttachmentId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import {
  ArchivedConversation,
  devicesOf,
  newPerson,
  type Person,
} from "../../support/archived-conversation.ts";
import { memoryKms } from "../../support/memory-kms.ts";

const said = (text: string) => ({ kind: "text", text }) as const;
let folder: string;
beforeAll(async () => {
  await ready;
  folder = await mkdtemp(join(tmpdir(), "sealdesk-prove-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pieces = [randomBytes(1024), utf8("the end of the file")];

/** A customer and an agent talk, and the customer sends a file of two pieces. */
async function talk() {
  const conversation = new ArchivedConversation();
  const [customer, agent] = [newPerson("customer"), newPerson("agent")];
  const all = [customer, agent, conversation.archiver];
  conversation.change("created", customer, all);
  await conversation.say(customer, said("Sell 400 shares."));
  await conversation.say(agent, said("Done."));
  const id = newId<AttachmentId>();
  const whole = concat(...pieces);
  const plaintextDigest = createHash("sha256").update(whole).digest();
  const digests = { plaintextDigest, ciphertextDigest: new Uint8Array(32) };
  const sealed = { id, size: whole.length, key: new Uint8Array(32), chunkBytes: 65_536 };
  const attachment = { ...sealed, ...digests, name: "order.txt", mediaType: "text/plain" };
  const file = { id, pieces: pieces.length };
  await conversation.say(customer, { kind: "attachment", attachment }, { file });
  return { conversation, customer, agent, all };
}

let archives = 0;
/** Stores events and pieces in an archive of their own, and proves it. */
async function prove(
  conversation: ArchivedConversation,
  recorded: Recorded,
  stored: readonly Uint8Array[] = pieces,
  events: readonly Archived[] = conversation.events,
) {
  const kms = memoryKms();
  await kms.ensureKey(archiveKey, "wrapping");
  const archive = new Archive(folderStore(join(folder, String(++archives))), kms);
  const { archiver, devices } = conversation.people();
  await archive.own({ tenant: "demo", user: archiver });
  const { id } = conversation;
  const to = events.at(-1)?.seq ?? 1;
  await archive.write({ conversation: id, restores: 0, from: 1, to }, events);
  for (const event of events)
    if (event.type === "event" && event.file !== undefined)
      for (const [piece, bytes] of stored.entries())
        await archive.writePiece(id, { file: event.file.id, piece, bytes });
  const heads = { conversations: new Map([[id, recorded]]), entries: 9, untilMs: 60_000 };
  const proof = await proveArchive(archive, heads, devices);
  return { proof, text: proofText(proof, heads) };
}

const everything = [1, 2, 3, 4];

test("an archive with everything in it is complete", async () => {
  const { conversation } = await talk();
  const { proof, text } = await prove(conversation, conversation.recorded(everything));
  expect(proof).toMatchObject({ files: 1, lackingFiles: 0, faults: [], complete: true });
  expect(text).toContain("complete and unaltered, up to the end of the audit log.");
});

describe("the file of a message", () => {
  const whole = concat(...pieces);
  const changed = whole.map((byte, index) => (index === 7 ? byte ^ 1 : byte));
  test.each<[string, readonly Uint8Array[], string]>([
    ["has another byte", [changed.subarray(0, 1024), changed.subarray(1024)], "altered"],
    ["has lost its last byte", [whole.subarray(0, 1024), whole.subarray(1024, -1)], "altered"],
    ["has its pieces exchanged", pieces.toReversed(), "altered"],
    ["lacks a piece", pieces.slice(0, 1), "missing"],
  ])("%s", async (_, stored, code) => {
    const { conversation } = await talk();
    const { proof } = await prove(conversation, conversation.recorded(everything), stored);
    expect(proof).toMatchObject({ complete: false, faults: [{ seq: 4, code }] });
  });

  const withFile = (events: readonly ArchivedEvent[], changes: Partial<ArchivedEvent>) =>
    events.map((event) => (event.file === undefined ? event : { ...event, ...changes }));

  test("is that of another message", async () => {
    const { conversation } = await talk();
    const file = { id: newId<AttachmentId>(), pieces: 2 };
    const events = withFile(conversation.events, { file });
    const recorded = conversation.recorded(everything);
    const { proof } = await prove(conversation, recorded, pieces, events);
    expect(proof).toMatchObject({ complete: false, faults: [{ seq: 4, code: "altered" }] });
  });

  test("is lacking, as the archive says", async () => {
    const { conversation } = await talk();
    const { file: _, ...event } = conversation.events[3]!;
    const lacking = { ...event, problems: ["attachment_not_found"] };
    const events = conversation.events.with(3, lacking);
    const recorded = conversation.recorded(everything);
    const { proof, text } = await prove(conversation, recorded, pieces, events);
    expect(proof).toMatchObject({ complete: false, lackingFiles: 1, faults: [] });
    expect(text).toContain("Only the archive says why content is lacking.");
    expect(text).toContain("It is not complete, because content is lacking.");
  });
});

test("events that the audit log does not cover are not proved", async () => {
  const { conversation } = await talk();
  const { proof, text } = await prove(conversation, conversation.recorded([1, 2]));
  const ends = [{ conversation: conversation.id, provedTo: 2, archivedTo: 4 }];
  expect(proof).toMatchObject({ complete: false, unproved: 2, faults: [], ends });
  expect(text).toContain(`${conversation.id}: nothing proves the events 3 to 4`);
  expect(text).toContain("The rest is not proved.");
});

test("a message that only the archive says nobody could open leaves it incomplete", async () => {
  const { conversation } = await talk();
  const { content: _, ...event } = conversation.events[1]!;
  const events = conversation.events.with(1, event);
  const recorded = conversation.recorded(everything);
  const { proof } = await prove(conversation, recorded, pieces, events);
  expect(proof).toMatchObject({ complete: false, unreadable: 1, faults: [] });
});

describe("the end of the capture", () => {
  /** The events up to `seq`, and after them an invented removal of the archiver. */
  async function cutAfter(seq: number) {
    const { conversation, all } = await talk();
    const recorded = conversation.recorded(everything);
    conversation.events.length = seq;
    const { archiver } = conversation;
    conversation.change(
      "member_removed",
      archiver,
      all.filter((each) => each !== archiver),
    );
    return { conversation, recorded };
  }

  test("an invented removal of the archiver is found", async () => {
    for (const seq of [1, 2, 3]) {
      const { conversation, recorded } = await cutAfter(seq);
      const heads = recorded.heads.filter((head) => head.seq !== seq + 1);
      const { fault } = checkConversation(
        conversation.id,
        conversation.events,
        { ...recorded, heads },
        conversation.people(),
      );
      expect(fault).toMatchObject({ seq: seq + 1, code: "not_in_log" });
    }
  });

  test("a removal that the audit log has ends the capture, and not before its event", async () => {
    const { conversation } = await cutAfter(3);
    const recorded = conversation.recorded(everything, { left: [4] });
    const later = { ...recorded, heads: [...recorded.heads, { seq: 9, hash: "" }] };
    const check = (events: readonly Archived[]) =>
      checkConversation(conversation.id, events, later, conversation.people());
    expect(check(conversation.events)).toMatchObject({ fault: undefined, provedTo: 4 });
    expect(check(conversation.events.slice(0, 3)).fault).toMatchObject({ seq: 4, code: "missing" });
  });

  test("events after the removal, and an invented return, are found", async () => {
    const { conversation } = await cutAfter(3);
    const recorded = conversation.recorded(everything, { left: [4] });
    const check = () =>
      checkConversation(conversation.id, conversation.events, recorded, conversation.people())
        .fault;
    const customer = newPerson("customer");
    const { archiver } = conversation;
    conversation.change("member_added", archiver, [customer, archiver]);
    expect(check()).toMatchObject({ seq: 5, code: "not_in_log" });
    conversation.events.pop();
    await conversation.say(customer, said("I never said this."));
    expect(check()).toMatchObject({ seq: 5 });
  });
});

describe("the author of a message", () => {
  /** Returns the fault after a change of the second event, which the customer said. */
  async function faultAfter(
    change: (event: ArchivedEvent, agent: Person) => Partial<ArchivedEvent>,
    devices?: (customer: Person, agent: Person) => ReturnType<typeof devicesOf>,
  ) {
    const { conversation, customer, agent } = await talk();
    const event = conversation.events[1]!;
    const events = conversation.events.with(1, { ...event, ...change(event, agent) });
    const people = conversation.people();
    const known = devices?.(customer, agent) ?? people.devices;
    const recorded = conversation.recorded(everything);
    return checkConversation(conversation.id, events, recorded, { ...people, devices: known })
      .fault;
  }
  const forged = { seq: 2, code: "forged" };

  test("is not another member", async () => {
    expect(await faultAfter((_, agent) => ({ sender: agent.user }))).toMatchObject(forged);
    expect(await faultAfter(() => ({ sender: undefined }))).toMatchObject(forged);
  });

  test("is not another one of a message without content", async () => {
    const without = (_: ArchivedEvent, agent: Person) => ({
      content: undefined,
      withheld: "no_consent" as const,
      sender: agent.user,
    });
    expect(await faultAfter(without)).toMatchObject(forged);
  });

  test("has signed it", async () => {
    const content = ({ content: kept }: ArchivedEvent) => kept!;
    const without = (event: ArchivedEvent) => {
      const { signature: _, ...rest } = content(event);
      return { content: rest };
    };
    expect(await faultAfter(without)).toMatchObject(forged);
    const signature = new Uint8Array(64).fill(7);
    const other = (event: ArchivedEvent) => ({ content: { ...content(event), signature } });
    expect(await faultAfter(other)).toMatchObject(forged);
  });

  test("has the device by the key log", async () => {
    const same = () => ({});
    expect(await faultAfter(same)).toBeUndefined();
    expect(await faultAfter(same, (_, agent) => devicesOf([agent]))).toMatchObject(forged);
    const exchanged = (customer: Person, agent: Person) =>
      devicesOf([{ ...customer, user: agent.user }, agent]);
    expect(await faultAfter(same, exchanged)).toMatchObject(forged);
    const rekeyed = (customer: Person, agent: Person) =>
      devicesOf([{ ...customer, keys: agent.keys }, agent]);
    expect(await faultAfter(same, rekeyed)).toMatchObject(forged);
  });
});

/** Edits and deletions that apps refuse are exported as messages that say so (R35, R36). */
import { actianceXml } from "../../../archiver/export/actiance.ts";
import { csvLine } from "../../../archiver/export/csv.ts";
import { writeEml } from "../../../archiver/export/eml.ts";
import { exportedOf, type ExportedMessage } from "../../../archiver/export/exported-message.ts";
import type { ArchivedEvent } from "../../../archiver/records/archived-event.ts";
import { refusedRevisions } from "../../../archiver/records/refused-revisions.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import {
  ArchivedConversation,
  newPerson,
  type Person,
} from "../../support/archived-conversation.ts";

const said = (text: string) => ({ kind: "text", text }) as const;
const targetOf = ({ seq, transcriptHash }: ArchivedEvent) => ({ seq, transcriptHash });
const edit = (event: ArchivedEvent, text = "changed") =>
  ({ kind: "edit", target: targetOf(event), text }) as const;
const deletion = (event: ArchivedEvent) => ({ kind: "deletion", target: targetOf(event) }) as const;

async function begun() {
  await ready;
  const talk = new ArchivedConversation();
  const [customer, agent] = [newPerson("customer"), newPerson("agent")];
  talk.change("created", customer, [customer, agent, talk.archiver]);
  const first = await talk.say(customer, said("Sell 400."));
  const revise = async (
    by: Person,
    body: Parameters<typeof talk.say>[1],
    problems: string[] = [],
  ) => {
    const { seq } = await talk.say(by, body, {});
    talk.events[seq - 1] = { ...talk.events[seq - 1]!, problems };
    return refusedRevisions(talk.events).has(seq);
  };
  return { talk, customer, agent, first, revise };
}

test("the sender's own edits and deletion count, and nothing after the deletion", async () => {
  const { customer, first, revise } = await begun();
  expect(await revise(customer, edit(first))).toBe(false);
  expect(await revise(customer, edit(first))).toBe(false);
  expect(await revise(customer, deletion(first))).toBe(false);
  expect(await revise(customer, edit(first))).toBe(true);
  expect(await revise(customer, deletion(first))).toBe(true);
});

test("nobody revises another one's message, another revision, or an event of another log", async () => {
  const { talk, customer, agent, first, revise } = await begun();
  expect(await revise(agent, edit(first))).toBe(true);
  expect(await revise(agent, deletion(first))).toBe(true);
  // A refused deletion deletes nothing.
  expect(await revise(customer, edit(first))).toBe(false);
  const own = talk.events.at(-1)!;
  expect(await revise(customer, edit(own))).toBe(true);
  const elsewhere = { ...first, transcriptHash: new Uint8Array(32).fill(1) };
  expect(await revise(customer, edit(elsewhere))).toBe(true);
  expect(await revise(customer, edit({ ...first, seq: 99 }))).toBe(true);
  expect(await revise(customer, edit(talk.events[0]!))).toBe(true);
});

test("anybody corrects, but only what is in the log", async () => {
  const { agent, first, revise } = await begun();
  const correct = (event: ArchivedEvent) =>
    ({ kind: "correction", target: targetOf(event), text: "right" }) as const;
  expect(await revise(agent, correct(first))).toBe(false);
  const elsewhere = { ...first, transcriptHash: new Uint8Array(32).fill(1) };
  expect(await revise(agent, correct(elsewhere))).toBe(true);
});

test("what the archiver's device refused, such as a late edit, is refused", async () => {
  const { customer, first, revise } = await begun();
  expect(await revise(customer, edit(first), ["revision_refused"])).toBe(true);
});

test("the hundredth revision counts, and the next one does not", async () => {
  const { customer, first, revise } = await begun();
  for (let count = 1; count <= 100; count++)
    expect(await revise(customer, edit(first))).toBe(false);
  expect(await revise(customer, edit(first))).toBe(true);
});

test("each format says that a revision was refused", async () => {
  const { talk, agent, first, revise } = await begun();
  await revise(agent, edit(first, "Sell 4."));
  const exported = exportedOf(talk.id, talk.events);
  const message = exported.at(-1) as ExportedMessage;
  expect(message).toMatchObject({ about: { as: "edit", seq: 2, counts: false }, text: "Sell 4." });
  expect(csvLine(message)).toContain(",2,refused edit,Sell 4.,");
  const parts: string[] = [];
  for await (const part of writeEml(message, undefined)) parts.push(part);
  const mail = parts.join("");
  expect(mail).toContain("\r\nX-Sealdesk-Refused-Revision: edit 2\r\n");
  expect(mail).toContain(Buffer.from("[refused edit of message 2]\nSell 4.").toString("base64"));
  const written: string[] = [];
  const conversations = async function* () {
    yield [talk.id, exported] as const;
  };
  for await (const part of actianceXml(conversations())) written.push(part);
  expect(written.join("")).toContain("<Content>[refused edit of message 2] Sell 4.</Content>");
  expect(written.join("")).not.toContain("<UpdatedType>");
});

test("the device decides who is exported as the sender, and not the note in the record", async () => {
  const { talk, customer, agent } = await begun();
  const events = talk.events.with(1, { ...talk.events[1]!, sender: agent.user });
  const [, message] = exportedOf(talk.id, events);
  expect(message).toMatchObject({ from: { user: customer.user, role: "customer" } });
});

/**
 * The records archiver: what it captures and what not, that its archive is proved against the audit log, and that other
 * parsers read its exports.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse as parseCsv } from "csv-parse/sync";
import { proveCommand, runCommand, exportCommand } from "../../archiver/commands.ts";
import { checkConversation } from "../../archiver/prove/check-conversation.ts";
import { readDeviceKeys } from "../../archiver/prove/device-keys.ts";
import { nothingRecorded, readRecordedHeads } from "../../archiver/prove/recorded-heads.ts";
import { Archive } from "../../archiver/records/archive.ts";
import type { Archived, ArchivedEvent } from "../../archiver/records/archived-event.ts";
import { readConversation } from "../../archiver/records/read-conversation.ts";
import { folderStore } from "../../archiver/store/folder-store.ts";
import type { Conversation } from "../../client/index.ts";
import { requireConsents } from "../../identity/accounts/require-consents.ts";
import { setMessageRevisions } from "../../identity/accounts/set-message-revisions.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import { parseId, type ConversationId, type UserId } from "../../crypto/wire/ids.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { closeAll, connectCustomer, connectStaff, joined, readUntil } from "../support/member.ts";
import { putNoticeInForce } from "../support/notices.ts";
import { runSealdesk } from "../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const secretText = "Sell 400 shares of Contoso at 12.50, quietly";
let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({}, { transcriptsEveryMs: 50 });
  await putNoticeInForce(server);
  const { slug } = server.tenant;
  // So an archiver may be a member before the customer consents. It keeps no content until then.
  await requireConsents(server.database.ownerUrl, { slug, purposes: [], nowMs: Date.now() });
  await setMessageRevisions(server.database.ownerUrl, { slug, minutes: 15, nowMs: Date.now() });
  folder = await mkdtemp(join(tmpdir(), "sealdesk-archiver-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const placeOf = (home: string) => ({
  home,
  s3Prefix: "",
  s3Region: "us-east-1",
  retainDays: "1",
});

/** An archiver that can be stopped and started again, with the account that it runs for. */
async function archiverAt(home: string) {
  const { username, password } = await server.createStaff("archiver");
  const passwordFile = `${home}.password`;
  await writeFile(passwordFile, `${password}\n`);
  const lines: string[] = [];
  let stop = () => Promise.resolve();
  const start = async () => {
    const ending = new AbortController();
    const options = {
      ...placeOf(home),
      server: server.url,
      tenant: server.tenant.slug,
      username,
      passwordFile,
    };
    const before = lines.length;
    const running = runCommand(options, (line) => lines.push(line), ending.signal);
    stop = () => {
      ending.abort();
      return running;
    };
    await Promise.race([running, until(() => lines.length > before)]);
    return parseId<UserId>(/of (\S+)\./.exec(lines[before] ?? "")?.[1] ?? "");
  };
  const archived = (conversation: ConversationId, seq: number) =>
    until(() =>
      lines.some((line) => line.startsWith(`${conversation}:`) && line.endsWith(`up to ${seq}.`)),
    );
  return { start, stop: () => stop(), archived, lines };
}

let exported = 0;
/** Exports the audit log and the key log. @returns the folders and the keys of the logs */
async function exportLogs() {
  const at = join(folder, `log-${++exported}`);
  const exportTo = async (out: string, ...log: readonly string[]) => {
    const made = await runSealdesk(server, ["audit", "export", ...log, "--out", out]);
    expect(made).toMatchObject({ code: 0 });
    const { out: vkey } = await runSealdesk(server, ["audit", "vkey", ...log]);
    return [out, vkey.trim()] as const;
  };
  const { slug } = server.tenant;
  const [log, vkey] = await exportTo(at, "--tenant", slug);
  const [keyLog, keyLogVkey] = await exportTo(`${at}-keys`, "--tenant", slug, "--keys");
  return { log, vkey, keyLog, keyLogVkey };
}

/** Proves the archive as soon as the audit log covers all of it. */
async function prove(home: string) {
  let last: { unproved: number; faults: readonly object[] } & Record<string, unknown>;
  const printed: string[] = [];
  await until(async () => {
    await proveCommand({ ...placeOf(home), ...(await exportLogs()), json: true }, (line) =>
      printed.push(line),
    );
    last = JSON.parse(printed.at(-1) ?? "") as typeof last;
    return last.unproved === 0 && !JSON.stringify(last.faults).includes("missing");
  });
  return last!;
}

/** Lets a customer, an agent and an archiver talk, while the archiver is away for a part of it. */
async function arrange(home: string) {
  const archiver = await archiverAt(home);
  const user = await archiver.start();
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id, user] });
  const serving = await joined(agent, talk.id);
  await talk.send("Before I consent.");
  const notice = await customer.sealdesk.notices.current();
  const consent = { purpose: "archiving", conversation: talk.id } as const;
  await archiver.archived(talk.id, 2);
  await customer.sealdesk.consents.give({ ...consent, notice });
  const { seq } = await talk.send(secretText);
  const { seq: heard } = await serving.send('Done, <thank> you & good bye\r\n"soon"');
  await archiver.archived(talk.id, heard);
  await archiver.stop();
  await talk.sendAttachment({ name: 'a "b" ü.txt', type: "text/plain", data: utf8("the file") });
  const { seq: said } = await talk.send("Sell 500.");
  await talk.edit(seq, "Sell 40 shares of Contoso");
  const { seq: last } = await talk.delete(said);
  await readUntil(serving, (all) => all.some((item) => item.seq === last));
  await archiver.start();
  await archiver.archived(talk.id, last);
  return { archiver, user, agent, customer, talk, serving, consent };
}

/** Opens the archive as its deployer can. */
async function openArchive(home: string, talk: Pick<Conversation, "id">) {
  const keyring = { home, passphrase: undefined, keyFile: undefined, mustBeSealed: false };
  const { kms } = await openKms({ kind: "local", ...keyring });
  const archive = new Archive(folderStore(join(home, "archive")), kms);
  const places = (await archive.places()).get(talk.id) ?? [];
  return { archive, kms, events: await readConversation(archive, places) };
}

test("an archive is complete after an absence, and every single fault is named", async () => {
  const home = join(folder, "one");
  const { archiver, user, agent, customer, talk, consent } = await arrange(home);
  const proof = await prove(home);
  expect(proof).toMatchObject({
    conversations: 1,
    messages: 7,
    withheld: 1,
    unreadable: 0,
    files: 1,
    faults: [],
    complete: true,
  });

  await customer.sealdesk.consents.withdraw(consent);
  const { seq: end } = await talk.send("Not for the record.");
  await archiver.archived(talk.id, end);
  await archiver.stop();
  expect(await prove(home)).toMatchObject({ messages: 8, withheld: 2, faults: [] });
  await closeAll(agent, customer);

  const logs = await exportLogs();
  const recorded = await readRecordedHeads(logs.log, logs.vkey, user);
  const devices = await readDeviceKeys(logs.keyLog, logs.keyLogVkey);
  const { events, kms } = await openArchive(home, talk);
  const expected = recorded.conversations.get(talk.id) ?? nothingRecorded;
  const faultOf = (changed: readonly Archived[]) =>
    checkConversation(talk.id, changed, expected, { archiver: user, devices }).fault;
  expect(faultOf(events)).toBeUndefined();
  for (const [at, event] of events.entries()) {
    const { seq } = event;
    expect(faultOf(events.toSpliced(at, 1))).toMatchObject({ seq, code: "missing" });
    const altered = (changes: Partial<ArchivedEvent>) =>
      faultOf(events.with(at, { ...(event as ArchivedEvent), ...changes }));
    const { content, kind, receivedAtMs } = event as ArchivedEvent;
    expect(altered({ receivedAtMs: receivedAtMs + 1 })).toMatchObject({ seq, code: "altered" });
    if (kind === "message")
      expect(altered({ sender: user })).toMatchObject({ seq, code: "forged" });
    if (content !== undefined) {
      const { signature: _, ...unsigned } = content;
      expect(altered({ content: unsigned })).toMatchObject({ seq, code: "forged" });
      const payload = content.payload.map((byte, index) => (index === 60 ? byte ^ 1 : byte));
      expect(altered({ content: { ...content, payload } })).toMatchObject({ seq, code: "altered" });
    }
    const next = events[at + 1];
    if (next !== undefined)
      expect(faultOf(events.with(at, next).with(at + 1, event))).toMatchObject({
        seq,
        code: "missing",
      });
  }
  expect(faultOf([])).toMatchObject({ seq: 1, code: "missing" });
  await kms.close();
  // What is stored is sealed, and a record that is not the one that was stored is found.
  const records = (await readdir(join(home, "archive", "conversations", talk.id))).filter((name) =>
    name.endsWith(".record"),
  );
  for (const name of records)
    expect(
      await readFile(join(home, "archive", "conversations", talk.id, name), "utf8"),
    ).not.toContain("shares of Contoso");
  const [first = "", second = ""] = records;
  const path = join(home, "archive", "conversations", talk.id, second);
  const kept = await readFile(path);
  await rm(path);
  expect(await proveCommand({ ...placeOf(home), ...logs }, () => undefined)).toBe(false);
  await writeFile(path, await readFile(join(home, "archive", "conversations", talk.id, first)));
  const said: string[] = [];
  expect(await proveCommand({ ...placeOf(home), ...logs }, (line) => said.push(line))).toBe(false);
  expect(said.join("\n")).toContain("altered");
  await rm(path, { force: true });
  await writeFile(path, kept);
  const text: string[] = [];
  expect(await proveCommand({ ...placeOf(home), ...logs }, (line) => text.push(line))).toBe(true);
  expect(text.join("\n")).toContain("but for the content of the messages without a consent.");
});

test("a removal of the archiver that the audit log has ends what the archive must have", async () => {
  const home = join(folder, "removed");
  const archiver = await archiverAt(home);
  const user = await archiver.start();
  const supervisor = await connectStaff(server, "supervisor");
  const customer = await connectCustomer(server);
  const talk = await customer.sealdesk.openConversation({
    with: [supervisor.sealdesk.user.id, user],
  });
  const serving = await joined(supervisor, talk.id);
  const { seq } = await talk.send("While it listens.");
  await archiver.archived(talk.id, seq);
  await serving.removeMember(user);
  await archiver.archived(talk.id, seq + 1);
  const { seq: last } = await talk.send("After it left.");
  await readUntil(serving, (all) => all.some((item) => item.seq === last));
  await archiver.stop();
  const proof = { messages: 1, events: seq + 1, faults: [], complete: true };
  expect(await prove(home)).toMatchObject(proof);
  await closeAll(supervisor, customer);
});

const python = `
import email, email.policy, json, sys, pathlib, xml.etree.ElementTree as tree
mails = []
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.eml")):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = mail.get_body(("plain",)).get_content()
    files = [[part.get_filename(), part.get_content()] for part in mail.iter_attachments()]
    mails.append({"body": body, "files": files, "from": mail["from"].addresses[0].addr_spec,
        "defects": len(mail.defects), "date": mail["date"].datetime.timestamp(),
        "revision": mail["x-sealdesk-revision"], "missing": mail["x-sealdesk-not-captured"]})
messages = [{child.tag: child.text for child in message} for message in tree.parse(sys.argv[2]).iter("Message")]
print(json.dumps({"mails": mails, "messages": messages}))
`;

test("exports hold every revision, and parsers of others read them", async () => {
  const home = join(folder, "two");
  const { archiver, agent, customer, talk } = await arrange(home);
  await archiver.stop();
  const out = (format: string) => join(folder, `two-${format}`);
  for (const format of ["eml", "actiance", "csv", "jsonl"])
    await exportCommand({ ...placeOf(home), format, out: out(format) }, () => undefined);
  const read = JSON.parse(
    execFileSync("python3", ["-c", python, out("eml"), out("actiance")], { encoding: "utf8" }),
  ) as {
    mails: readonly Record<string, unknown>[];
    messages: readonly Record<string, unknown>[];
  };
  const { id: customerId } = customer.sealdesk.user;
  expect(read.mails).toMatchObject([
    { body: "[not captured: no_consent]", missing: "no_consent", defects: 0 },
    { body: secretText, from: `${customerId}@sealdesk.invalid`, files: [] },
    { body: 'Done, <thank> you & good bye\r\n"soon"' },
    { files: [['a "b" ü.txt', "the file"]], defects: 0 },
    { body: "Sell 500." },
    { body: "[edit of message 4]\nSell 40 shares of Contoso", revision: "edit 4" },
    { revision: "deletion 7" },
  ]);
  expect(read.messages).toMatchObject([
    { Content: "[not captured: no_consent]" },
    { Content: secretText, UserType: "customer" },
    { Content: 'Done, <thank> you & good bye\r\n"soon"', UserType: "agent" },
    { Content: "Sell 500." },
    { Content: "Sell 40 shares of Contoso", UpdatedType: "EditedNewMsg", UpdatedSequence: "4" },
    { UpdatedType: "Deleted", UpdatedSequence: "7" },
  ]);
  const rows = parseCsv(await readFile(out("csv")), { columns: true }) as Record<string, string>[];
  const lines = (await readFile(out("jsonl"), "utf8")).trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows.map(({ sequence }) => Number(sequence))).toEqual(events.map(({ seq }) => seq));
  expect(rows.filter(({ kind }) => kind === "message").map(({ text }) => text)).toEqual(
    events.filter(({ kind }) => kind === "message").map(({ text }) => text),
  );
  expect(events.filter(({ kind }) => kind === "message")).toMatchObject([
    { missing: "no_consent" },
    { text: secretText },
    { from: { role: "agent" } },
    { file: { name: 'a "b" ü.txt', size: 8, stored: { pieces: 1 } } },
    { text: "Sell 500." },
    { about: { as: "edit", seq: 4 } },
    { about: { as: "deletion", seq: 7 } },
  ]);
  expect(events[0]).toMatchObject({ conversation: talk.id });
  await closeAll(agent, customer);
});

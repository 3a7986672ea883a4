import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProveOptions } from "../../../archiver/commands.ts";
import { checkConversation } from "../../../archiver/prove/check-conversation.ts";
import { readDeviceKeys } from "../../../archiver/prove/device-keys.ts";
import { nothingRecorded, readRecordedHeads } from "../../../archiver/prove/recorded-heads.ts";
import type { Proof } from "../../../archiver/prove/prove-archive.ts";
import { Archive } from "../../../archiver/records/archive.ts";
import type { Archived, ArchivedEvent } from "../../../archiver/records/archived-event.ts";
import { readConversation } from "../../../archiver/records/read-conversation.ts";
import { folderStore } from "../../../archiver/store/folder-store.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import type { Scenario } from "../scenario.ts";
import { Archiver } from "../stage/archiver.ts";
import type { Stage } from "../stage/stage.ts";
import { until } from "../stage/until.ts";

const messages = 1_000;
const edits = 12;
const deletions = 3;

/** A broker's conversation is archived. */
export const recordsArchiver: Scenario = {
  id: "S12",
  title:
    "A broker's conversation of 1,000 messages with 12 edits and 3 deletions is archived. The archiver is away for a while.",
  demands: {
    archived: messages + edits + deletions,
    unreadable: 0,
    complete: true,
    withheldFound: { sameAs: "events" },
    alteredFound: { sameAs: "events" },
    reorderedFound: { sameAs: "pairs" },
    mails: messages + edits + deletions,
    mailRevisions: edits + deletions,
    actianceEdits: edits,
    actianceDeletions: deletions,
    plaintextInArchive: 0,
  },
  async play(stage) {
    await stage.begin();
    await stage.sealdesk("tenant", "message-revisions", "--slug", "demo", "--minutes", "60");
    await stage.sealdesk("tenant", "require-consents", "--slug", "demo", "--for", "none");
    const archiver = await Archiver.make(stage, "17 CFR 240.17a-4(b)(4)");
    await archiver.start();
    try {
      const conversation = await talk(stage, archiver);
      return await judge(stage, archiver, conversation);
    } finally {
      await archiver.kill();
    }
  },
};

/** Lets a customer and a broker talk, while the archiver is away for the middle of it. */
async function talk(stage: Stage, archiver: Archiver) {
  const [customer, broker] = [await stage.customer(), await stage.staff("the broker")];
  const asking = await customer.sealdesk.openConversation({ with: [broker.user, archiver.user] });
  const serving = await broker.joined(asking.id);
  const said: { readonly by: typeof asking; readonly seq: number }[] = [];
  const texts = stage.texts(messages);
  const revise = async (count: number, change: (by: typeof asking, seq: number) => unknown) => {
    for (let done = 0; done < count; done++) {
      const [message] = said.splice(stage.random.below(said.length), 1);
      if (message !== undefined) await change(message.by, message.seq);
    }
  };
  let last = 0;
  for (const [index, text] of texts.entries()) {
    if (index === 300) await archiver.kill();
    if (index === 800) await archiver.start();
    const by = index % 2 === 0 ? asking : serving;
    const { seq } = await by.send(text);
    said.push({ by, seq });
    if (index % 250 === 249)
      await revise(edits / 4, async (author, at) => {
        last = (await author.edit(at, `${texts[at % texts.length] ?? ""} (edited)`)).seq;
      });
  }
  await revise(deletions, async (author, at) => {
    last = (await author.delete(at)).seq;
  });
  await archiver.archived(asking.id, last);
  stage.tell(`${messages} messages, ${edits} edits and ${deletions} deletions are archived.`);
  return { id: asking.id, last };
}

type Talked = Awaited<ReturnType<typeof talk>>;

async function judge(stage: Stage, archiver: Archiver, { id, last }: Talked) {
  await archiver.kill();
  const vkey = await stage.auditKey();
  const tenant = ["--tenant", "demo"];
  const keyLogVkey = (await stage.sealdesk("audit", "vkey", ...tenant, "--keys")).trim();
  let exports = 0;
  const { proof, logs } = await until("A proof of the whole archive", async () => {
    const log = join(stage.system.home, `archiver-log-${++exports}`);
    const keyLog = `${log}-keys`;
    await stage.sealdesk("audit", "export", ...tenant, "--out", log);
    await stage.sealdesk("audit", "export", ...tenant, "--keys", "--out", keyLog);
    const audit = ["--log", log, "--vkey", vkey];
    const keys = ["--key-log", keyLog, "--key-log-vkey", keyLogVkey];
    const { output } = await archiver.command("prove", ...audit, ...keys, "--json");
    const found = JSON.parse(output) as Proof;
    if (found.unproved > 0) return undefined;
    return { proof: found, logs: { log, vkey, keyLog, keyLogVkey } };
  });
  stage.tell(`The archive is complete up to event ${last}: ${proof.complete}.`);
  const faults = await tryFaults(archiver, id, logs);
  stage.tell(
    `Of ${faults.events} events, ${faults.withheldFound} are missed when withheld, and ${faults.alteredFound} found when altered.`,
  );
  return {
    archived: proof.messages,
    unreadable: proof.unreadable,
    complete: proof.complete,
    ...faults,
    ...(await countExports(archiver)),
    plaintextInArchive: await findPlaintext(archiver, stage.texts(messages)),
  };
}

/** Withholds, alters and exchanges each single event, and counts the faults that are found at its number. */
async function tryFaults(
  { home, user: archiver }: Archiver,
  id: Talked["id"],
  { log, vkey, keyLog, keyLogVkey }: Pick<ProveOptions, "log" | "vkey" | "keyLog" | "keyLogVkey">,
) {
  const { conversations } = await readRecordedHeads(log, vkey, archiver);
  const people = { archiver, devices: await readDeviceKeys(keyLog, keyLogVkey) };
  const keyring = { home, passphrase: undefined, keyFile: undefined, mustBeSealed: false };
  const { kms } = await openKms({ kind: "local", ...keyring });
  const archive = new Archive(folderStore(join(home, "archive")), kms);
  const events = await readConversation(archive, (await archive.places()).get(id) ?? []);
  await kms.close();
  const recorded = conversations.get(id) ?? nothingRecorded;
  const isFound = (changed: readonly Archived[], seq: number) =>
    checkConversation(id, changed, recorded, people).fault?.seq === seq;
  const counts = { events: events.length, pairs: events.length - 1 };
  let [withheldFound, alteredFound, reorderedFound] = [0, 0, 0];
  for (const [at, event] of events.entries()) {
    if (isFound(events.toSpliced(at, 1), event.seq)) withheldFound++;
    if (isFound(events.with(at, altered(event as ArchivedEvent)), event.seq)) alteredFound++;
    const next = events[at + 1];
    if (next !== undefined && isFound(events.with(at, next).with(at + 1, event), event.seq))
      reorderedFound++;
  }
  return { ...counts, withheldFound, alteredFound, reorderedFound };
}

/** Flips a bit of what was said, or of the time of an event that says nothing. */
const altered = (event: ArchivedEvent): ArchivedEvent =>
  event.content === undefined
    ? { ...event, receivedAtMs: event.receivedAtMs + 1 }
    : {
        ...event,
        content: {
          ...event.content,
          payload: event.content.payload.map((byte, index, { length }) =>
            index === length - 1 ? byte ^ 1 : byte,
          ),
        },
      };

async function countExports(archiver: Archiver) {
  const out = (format: string) => join(archiver.home, `export-${format}`);
  for (const format of ["eml", "actiance"])
    await archiver.command("export", "--format", format, "--out", out(format));
  const names = await readdir(out("eml"), { recursive: true });
  const mails = names.filter((name) => name.endsWith(".eml"));
  let mailRevisions = 0;
  for (const name of mails)
    if ((await readFile(join(out("eml"), name), "utf8")).includes("\r\nX-Sealdesk-Revision:"))
      mailRevisions++;
  const xml = await readFile(out("actiance"), "utf8");
  const count = (type: string) => xml.split(`<UpdatedType>${type}</UpdatedType>`).length - 1;
  return {
    mails: mails.length,
    mailRevisions,
    actianceEdits: count("EditedNewMsg"),
    actianceDeletions: count("Deleted"),
  };
}

/** Counts the files of the archive and of the archiver's device that hold one of the texts. */
async function findPlaintext({ home }: Archiver, texts: readonly string[]): Promise<number> {
  const long = texts.filter((text) => text.length >= 20).map((text) => Buffer.from(text));
  let found = 0;
  for (const folder of ["archive", "device"])
    for (const entry of await readdir(join(home, folder), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      if (long.some((text) => bytes.includes(text))) found++;
    }
  return found;
}

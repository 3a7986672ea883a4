import { hash, randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Conversation, Sealdesk } from "../../../client/index.ts";
import type { SeededRandom } from "../../testkit/seeded-random.ts";
import type { DeviceAssignment } from "../devices/assignment.ts";
import { readJournal, writeLine } from "../journal/journal-file.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import { signIn, type SignInDeps } from "./sign-in.ts";
import type { Stages } from "./stages.ts";

export interface LifeDeps extends SignInDeps {
  /** The average number of milliseconds between two messages. */
  readonly pauseMs: number;
  readonly random: SeededRandom;
  readonly stages: Stages;
}

/** The number of messages of a device that may wait for their answer before it stops sending. */
const mostWaiting = 8;
const mostTextBytes = 300;

/**
 * One life of a device: from its store on disk and the messages in its journal to the end of the
 * last stage.
 */
export async function liveDevice(assignment: DeviceAssignment, deps: LifeDeps): Promise<void> {
  const { stages } = deps;
  const note = (line: JournalLine) => writeLine(assignment.journal, line);
  const before = await readJournal(assignment.journal);
  const sealdesk = await signIn(assignment, deps);
  note({ kind: "device", device: sealdesk.device });
  await stages.reached("meet");
  const conversation = await meet(sealdesk, assignment);
  note({ kind: "met" });
  const reading = readAlong(conversation, before.received.at(-1)?.seq ?? 0, note);
  await stages.reached("talk");
  await talk(conversation, deps, note);
  await say(conversation, `goodbye from ${assignment.name}`, note);
  note({ kind: "goodbye" });
  await stages.reached("end");
  await sealdesk.close();
  await reading;
}

/** Returns the device's only conversation. The customer's device begins it. */
async function meet(sealdesk: Sealdesk, { account }: DeviceAssignment): Promise<Conversation> {
  const [known] = sealdesk.conversations();
  if (known !== undefined) return known;
  if (account.kind === "customer") return sealdesk.openConversation({ with: account.agents });
  return new Promise((resolve) => {
    const stop = sealdesk.on("conversation", (conversation) => {
      stop();
      resolve(conversation);
    });
    const [meanwhile] = sealdesk.conversations();
    if (meanwhile !== undefined) resolve(meanwhile);
  });
}

/** Records everything that the iterator yields after the event `after`. */
async function readAlong(
  conversation: Conversation,
  after: number,
  note: (line: JournalLine) => void,
): Promise<void> {
  try {
    for await (const item of conversation.messages({ after })) {
      if (item.kind === "problem") note({ kind: "problem", seq: item.seq, code: item.code });
      if (item.kind !== "message") continue;
      const { seq, id, own } = item;
      note({ kind: "received", seq, id, hash: hash("sha256", item.text, "base64url"), own });
    }
  } catch (error) {
    note({ kind: "refused", code: `reading_${codeOf(error)}` });
  }
}

/** Sends messages from time to time during its stage. It resolves when all are answered. */
async function talk(
  conversation: Conversation,
  { pauseMs, random, stages }: LifeDeps,
  note: (line: JournalLine) => void,
): Promise<void> {
  const waiting = new Set<Promise<void>>();
  while (stages.present === "talk") {
    await wait(Math.min(10 * pauseMs, -Math.log(1 - random.next()) * pauseMs));
    if (stages.present !== "talk" || waiting.size >= mostWaiting) continue;
    const text = randomBytes(16 + random.below(mostTextBytes)).toString("base64url");
    const said = say(conversation, text, note).finally(() => waiting.delete(said));
    waiting.add(said);
  }
  await Promise.all(waiting);
}

async function say(
  conversation: Conversation,
  text: string,
  note: (line: JournalLine) => void,
): Promise<void> {
  try {
    const { id, seq } = await conversation.send(text);
    note({ kind: "accepted", id, seq });
  } catch (error) {
    note({ kind: "refused", code: `sending_${codeOf(error)}` });
  }
}

/** Returns the error's code and its causes' codes, the original one last. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code, cause, name } = error as Error & { readonly code?: unknown };
  const own = typeof code === "string" ? code : name;
  return cause === undefined ? own : `${own}<${codeOf(cause)}`;
}

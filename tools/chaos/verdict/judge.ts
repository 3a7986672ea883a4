import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { Journal, Received } from "../journal/journal-line.ts";

/** A message of the log, by what is not encrypted of it. */
export interface LoggedMessage {
  readonly seq: number;
  readonly id: Uuid;
  readonly sender: Uuid;
}

/** One conversation as the database has it. */
export interface LoggedConversation {
  readonly id: Uuid;
  /** The member devices; none came or left. */
  readonly devices: readonly Uuid[];
  /** By seq. */
  readonly messages: ReadonlyMap<number, LoggedMessage>;
  /** Events that are not where the numbers say there are some. */
  readonly missing: number;
  /** Events whose transcript hash is not that of the log before them. */
  readonly misfits: number;
}

/** What the log and the journals agree and disagree on. All but the first two should be 0. */
export interface Verdict {
  /** Messages in the log. */
  readonly accepted: number;
  /** Messages that a member device was shown, each counted once per device. */
  readonly delivered: number;
  /** Not shown to a member device; or reported to the sender as accepted, and not so in the log. */
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** Events that a device said were kept from it, before it got them in the end. */
  readonly gapsAnnounced: number;
  readonly hashMismatches: number;
  /** Messages that a device got and could not show. */
  readonly undecryptable: number;
}

/** What is so of one device. */
type Finding = Omit<Verdict, "accepted">;

/** Holds what every device wrote down against the log. Pure. @param journals by device */
export function judge(
  log: readonly LoggedConversation[],
  journals: ReadonlyMap<Uuid, Journal>,
): Verdict {
  const findings = log.flatMap((conversation) => {
    const texts = new Texts();
    return conversation.devices.map((device) =>
      judgeDevice(conversation, device, journals.get(device) ?? silent, texts),
    );
  });
  const total = (count: (finding: Finding) => number) =>
    findings.reduce((sum, finding) => sum + count(finding), 0);
  const inLog = (count: (conversation: LoggedConversation) => number) =>
    log.reduce((sum, conversation) => sum + count(conversation), 0);
  return {
    accepted: inLog(({ messages }) => messages.size),
    delivered: total(({ delivered }) => delivered),
    lost: total(({ lost }) => lost) + inLog(({ missing }) => missing),
    duplicated: total(({ duplicated }) => duplicated) + inLog(repeatedIds),
    outOfOrder: total(({ outOfOrder }) => outOfOrder),
    gapsAnnounced: total(({ gapsAnnounced }) => gapsAnnounced),
    hashMismatches: total(({ hashMismatches }) => hashMismatches) + inLog(({ misfits }) => misfits),
    undecryptable: total(({ undecryptable }) => undecryptable),
  };
}

/** Messages that stand in the log once more under an id that it holds already. */
const repeatedIds = ({ messages }: LoggedConversation): number =>
  messages.size - new Set(Array.from(messages.values(), ({ id, sender }) => id + sender)).size;

const silent: Journal = {
  accepted: [],
  received: [],
  problems: [],
  met: false,
  refusals: [],
  saidGoodbye: false,
};

/** The texts of a conversation: under one number the same for all, under two never the same. */
class Texts {
  readonly #hashes = new Map<number, string>();
  readonly #numbers = new Map<string, number>();

  /** @returns what is wrong with the text that a device was shown as `seq` */
  check({ seq, hash }: Received): "differs" | "repeated" | undefined {
    const known = this.#hashes.get(seq) ?? hash;
    const number = this.#numbers.get(hash) ?? seq;
    this.#hashes.set(seq, known);
    this.#numbers.set(hash, number);
    if (known !== hash) return "differs";
    return number === seq ? undefined : "repeated";
  }
}

function judgeDevice(
  { messages }: LoggedConversation,
  device: Uuid,
  journal: Journal,
  texts: Texts,
): Finding {
  const seen = new Set<number>();
  let [latest, duplicated, outOfOrder, hashMismatches] = [0, 0, 0, 0];
  for (const received of journal.received) {
    const { seq, id, own } = received;
    const logged = messages.get(seq);
    if (seen.has(seq)) {
      duplicated++;
      continue;
    }
    if (seq < latest) outOfOrder++;
    latest = Math.max(latest, seq);
    const text = texts.check(received);
    if (text === "repeated") duplicated++;
    const isTheOne = logged?.id === id && (logged.sender === device) === own;
    if (isTheOne && text !== "differs") seen.add(seq);
    else hashMismatches++;
  }
  const unkept = journal.accepted.filter(({ id, seq }) => {
    const logged = messages.get(seq);
    return logged?.id !== id || logged.sender !== device;
  });
  const problems = (...kinds: readonly ProblemKind[]) =>
    journal.problems.filter(({ code }) => kinds.includes(kindOf(code))).length;
  return {
    delivered: seen.size,
    lost: messages.size - seen.size + unkept.length,
    duplicated: duplicated + problems("duplicated"),
    outOfOrder,
    gapsAnnounced: problems("gap"),
    hashMismatches: hashMismatches + problems("mismatch"),
    undecryptable: problems("undecryptable"),
  };
}

type ProblemKind = "gap" | "duplicated" | "mismatch" | "undecryptable";

/** What a problem that the SDK names counts as. */
function kindOf(code: string): ProblemKind {
  switch (code) {
    case "missing_event":
      return "gap";
    case "replayed":
    case "duplicate":
      return "duplicated";
    case "forked_log":
    case "transcript_mismatch":
    case "altered":
      return "mismatch";
    default:
      return "undecryptable";
  }
}

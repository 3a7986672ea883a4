import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";
import type { Journal, Received } from "../journal/journal-line.ts";

/** The unencrypted part of a message in the log. */
export interface LoggedMessage {
  readonly seq: number;
  readonly id: Uuid;
  readonly sender: DeviceId;
}

/** One conversation as the database has it. */
export interface LoggedConversation {
  readonly id: ConversationId;
  /** The member devices. They do not change. */
  readonly devices: readonly DeviceId[];
  /** The messages by seq. */
  readonly messages: ReadonlyMap<number, LoggedMessage>;
  /** The number of missing events, according to the numbers. */
  readonly missing: number;
  /** The number of events whose transcript hash does not match the log before them. */
  readonly misfits: number;
}

/**
 * The agreements and disagreements of the log and the journals. All counts but the first two should
 * be 0.
 */
export interface Verdict {
  /** Messages in the log. */
  readonly accepted: number;
  /** Messages that a member device was shown, counted once for each device. */
  readonly delivered: number;
  /**
   * Messages not shown to a member device, or reported to the sender as accepted and missing in the
   * log.
   */
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** The number of events that a device reported as missing before it received them in the end. */
  readonly gapsAnnounced: number;
  readonly hashMismatches: number;
  /** Messages that a device received and could not show. */
  readonly undecryptable: number;
}

/** The findings for one device. */
type Finding = Omit<Verdict, "accepted">;

/**
 * Compares what every device recorded with the log. It is pure.
 * @param journals by device
 */
export function judge(
  log: readonly LoggedConversation[],
  journals: ReadonlyMap<DeviceId, Journal>,
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

/** Returns how many messages are in the log again under an id that it already holds. */
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

/**
 * The texts of a conversation: the same for all devices under one number, never the same under two.
 */
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
  device: DeviceId,
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

/** Returns how a problem that the SDK names is counted. */
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

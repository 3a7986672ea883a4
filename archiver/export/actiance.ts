import type { ConversationId } from "../../crypto/wire/ids.ts";
import {
  labelOf,
  type Exported,
  type ExportedMessage,
  type Participant,
} from "./exported-message.ts";

/**
 * Writes conversations in Actiance's XML for interactions (`FileDump`), in the form that Smarsh and Global Relay read from
 * chat systems. Times are seconds since the Unix epoch. A revision is a message of its own with `UpdatedType`.
 */
export async function* actianceXml(
  conversations: AsyncIterable<readonly [ConversationId, readonly Exported[]]>,
): AsyncGenerator<string, void, undefined> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<FileDump xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n';
  for await (const [id, events] of conversations) yield* conversationXml(id, events);
  yield "</FileDump>\n";
}

function* conversationXml(
  id: ConversationId,
  events: readonly Exported[],
): Generator<string, void, undefined> {
  const [start, end] = [events[0]?.atMs ?? 0, events.at(-1)?.atMs ?? 0];
  yield ` <Conversation Perspective="${id}">\n`;
  yield element("RoomID", id) + element("StartTimeUTC", seconds(start));
  let present = new Map<string, Participant>();
  for (const event of events) {
    if (event.kind === "change") {
      const now = new Map(event.members.map((member) => [member.user as string, member]));
      for (const [user, member] of now)
        if (!present.has(user)) yield entered("ParticipantEntered", member, event.atMs);
      for (const [user, member] of present)
        if (!now.has(user)) yield entered("ParticipantLeft", member, event.atMs);
      present = now;
    } else if (event.kind === "message") yield messageXml(event);
  }
  for (const member of present.values()) yield entered("ParticipantLeft", member, end);
  yield `${element("EndTimeUTC", seconds(end))} </Conversation>\n`;
}

const updates = { correction: "Correction", edit: "EditedNewMsg", deletion: "Deleted" } as const;

function messageXml(message: ExportedMessage): string {
  const { id, seq, from, atMs, text, file, about, missing } = message;
  const by = {
    LoginName: loginOf(from),
    UserType: from?.role ?? "unknown",
    DateTimeUTC: seconds(atMs),
  };
  if (file !== undefined)
    return (
      block("FileTransferStarted", { ...by, UserFileName: file.name, FileName: file.name }) +
      block("FileTransferEnded", {
        ...by,
        UserFileName: file.name,
        FileName: file.name,
        Status: file.stored === undefined ? "Failed" : "Completed",
      })
    );
  return block("Message", {
    MessageId: id,
    Sequence: String(seq),
    ...by,
    ...(about?.counts === true && {
      UpdatedType: updates[about.as],
      UpdatedSequence: String(about.seq),
    }),
    Content: missing === undefined ? contentOf(text, about) : `[not captured: ${missing}]`,
  });
}

/** A revision that apps refuse is a message, which says so. */
const contentOf = (text: string, about: ExportedMessage["about"]): string =>
  about === undefined || about.counts ? text : `${labelOf(about)} ${text}`.trimEnd();

const entered = (name: "ParticipantEntered" | "ParticipantLeft", who: Participant, atMs: number) =>
  block(name, {
    LoginName: loginOf(who),
    UserType: who.role,
    DateTimeUTC: seconds(atMs),
    CorporateEmailID: loginOf(who),
  });

const loginOf = (who: Participant | undefined): string =>
  `${who?.user ?? "unknown"}@sealdesk.invalid`;
const seconds = (atMs: number): string => String(Math.floor(atMs / 1_000));

const block = (name: string, fields: Readonly<Record<string, string>>): string =>
  `  <${name}>\n${Object.entries(fields)
    .map(([field, value]) => element(field, value, "   "))
    .join("")}  </${name}>\n`;

const element = (name: string, text: string, indent = "  "): string =>
  `${indent}<${name}>${escaped(text)}</${name}>\n`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** XML 1.0 cannot hold most control characters and no lone surrogates, escaped or not. They become U+FFFD. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll(/[&<>"\r]/g, (each) => entities[each] ?? each);

import type { Member } from "../../crypto/wire/frame.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Archived, ArchivedEvent } from "../records/archived-event.ts";
import { bodyOf, controlOf } from "../records/body-of.ts";
import { refusedRevisions } from "../records/refused-revisions.ts";

/** The fields of everything that is exported. */
interface Placed {
  readonly conversation: ConversationId;
  readonly seq: number;
  /** Milliseconds since the Unix epoch, by the relay's clock. A time beyond what a date can hold is the latest one. */
  readonly atMs: number;
}

/** A member of a conversation. */
export interface Participant {
  readonly user: UserId;
  readonly role: string;
}

/** A file of a message, with its bytes in the archive. */
export interface ExportedFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Undefined if the archive does not have its bytes. */
  readonly stored: { readonly id: string; readonly pieces: number } | undefined;
}

/** The earlier message that another one corrects, edits or deletes. */
export interface ExportedRevision {
  readonly as: "correction" | "edit" | "deletion";
  readonly seq: number;
  /** False if apps refuse it, for example because the earlier message is somebody else's (R35, R36 in docs/receiver.md). */
  readonly counts: boolean;
}

/** A message as other archives take it. */
export interface ExportedMessage extends Placed {
  readonly kind: "message";
  readonly id: string;
  /** Undefined if nobody is known to have sent it. */
  readonly from: Participant | undefined;
  /** The other members at that moment. */
  readonly to: readonly Participant[];
  readonly text: string;
  readonly file: ExportedFile | undefined;
  readonly about: ExportedRevision | undefined;
  /** Why there is no content; undefined if there is. */
  readonly missing: string | undefined;
  readonly problems: readonly string[];
}

/** A change of the members, or the end of a conversation. */
export interface ExportedChange extends Placed {
  readonly kind: "change";
  readonly change: string;
  readonly subject: UserId;
  readonly members: readonly Participant[];
}

/** Events that are gone on the server. */
export interface ExportedGap extends Placed {
  readonly kind: "gap";
  readonly from: number;
  readonly reason: string;
}

export type Exported = ExportedMessage | ExportedChange | ExportedGap;

/** The latest time that a date can hold, in milliseconds since the Unix epoch (ECMA-262 section 21.4.1.1). */
const latestMs = 8_640_000_000_000_000;

/** Returns what the archive has of a conversation in a readable form, in order. */
export function exportedOf(
  conversation: ConversationId,
  archived: readonly Archived[],
): readonly Exported[] {
  const refused = refusedRevisions(archived);
  let members: readonly Member[] = [];
  let atMs = 0;
  return archived.map((event): Exported => {
    const { seq } = event;
    if (event.type === "gap")
      return { kind: "gap", conversation, seq, atMs, from: event.from, reason: event.reason };
    atMs = Math.min(event.receivedAtMs, latestMs);
    const placed = { conversation, seq, atMs };
    const control = controlOf(event);
    if (control !== undefined) {
      ({ members } = control);
      const { subject } = control;
      return {
        kind: "change",
        ...placed,
        change: event.kind,
        subject,
        members: members.map(shown),
      };
    }
    // The hash of the event covers the device. So the device decides, and not the record's own note of the sender.
    const from = members.find(({ devices }) => devices.includes(event.senderDevice));
    const body = bodyOf(event);
    return {
      kind: "message",
      ...placed,
      id: event.clientMessageId,
      from: from && shown(from),
      to: members.filter((member) => member !== from).map(shown),
      ...saidIn(event, body, !refused.has(seq)),
      missing:
        body === undefined ? (event.withheld ?? event.problems[0] ?? "unreadable") : undefined,
      problems: [
        ...event.problems,
        ...(event.receivedAtMs > latestMs ? ["time_out_of_range"] : []),
      ],
    };
  });
}

const shown = ({ user, role }: Member): Participant => ({ user, role });

type Said = Pick<ExportedMessage, "text" | "file" | "about">;
const nothing: Said = { text: "", file: undefined, about: undefined };

function saidIn({ file }: ArchivedEvent, body: ReturnType<typeof bodyOf>, counts: boolean): Said {
  switch (body?.kind) {
    case "text":
      return { ...nothing, text: body.text };
    case "attachment": {
      const { name, mediaType: type, size } = body.attachment;
      return { ...nothing, file: { name, type, size, stored: file } };
    }
    case "correction":
    case "edit":
      return {
        ...nothing,
        text: body.text,
        about: { as: body.kind, seq: body.target.seq, counts },
      };
    case "deletion":
      return { ...nothing, about: { as: body.kind, seq: body.target.seq, counts } };
    case "device_restored":
    case undefined:
      return nothing;
  }
}

/** Returns what a revision is called where a reader sees the text alone. */
export const labelOf = ({ as, seq, counts }: ExportedRevision): string =>
  `[${counts ? "" : "refused "}${as} of message ${seq}]`;

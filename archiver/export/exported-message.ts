import { decodePayload } from "../../crypto/device/payload.ts";
import { decodeControl } from "../../crypto/wire/frame.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Archived } from "../records/archived-event.ts";

/** The fields of everything that is exported. */
interface Placed {
  readonly conversation: ConversationId;
  readonly seq: number;
  /** Milliseconds since the Unix epoch, by the relay's clock. */
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
  /** The earlier message that this one corrects, edits or deletes. */
  readonly about:
    { readonly as: "correction" | "edit" | "deletion"; readonly seq: number } | undefined;
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

/** Returns what the archive has of a conversation in a readable form, in order. */
export function exportedOf(
  conversation: ConversationId,
  archived: readonly Archived[],
): readonly Exported[] {
  let members: readonly Participant[] = [];
  let atMs = 0;
  return archived.map((event): Exported => {
    const { seq } = event;
    if (event.type === "gap")
      return { kind: "gap", conversation, seq, atMs, from: event.from, reason: event.reason };
    atMs = event.receivedAtMs;
    const placed = { conversation, seq, atMs };
    if (event.control !== undefined) {
      const control = decodeControl(event.control);
      members = control.members.map(({ user, role }) => ({ user, role }));
      const { subject } = control;
      return { kind: "change", ...placed, change: event.kind, subject, members };
    }
    const { sender } = event;
    return {
      kind: "message",
      ...placed,
      id: event.clientMessageId,
      from: members.find(({ user }) => user === sender),
      to: members.filter(({ user }) => user !== sender),
      ...saidIn(event),
      missing:
        event.content === undefined
          ? (event.withheld ?? event.problems[0] ?? "unreadable")
          : undefined,
      problems: event.problems,
    };
  });
}

type Said = Pick<ExportedMessage, "text" | "file" | "about">;
const nothing: Said = { text: "", file: undefined, about: undefined };

function saidIn(event: Extract<Archived, { readonly type: "event" }>): Said {
  if (event.content === undefined) return nothing;
  const { body } = decodePayload(event.content.payload);
  switch (body.kind) {
    case "text":
      return { ...nothing, text: body.text };
    case "attachment": {
      const { name, mediaType: type, size } = body.attachment;
      return { ...nothing, file: { name, type, size, stored: event.file } };
    }
    case "correction":
    case "edit":
      return { ...nothing, text: body.text, about: { as: body.kind, seq: body.target.seq } };
    case "deletion":
      return { ...nothing, about: { as: body.kind, seq: body.target.seq } };
    case "device_restored":
      return nothing;
  }
}

import { decodeControl } from "../../crypto/wire/frame.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { verifyAuthor, type Author } from "../../crypto/device/authorship.ts";
import { verifyCommitment } from "../../crypto/device/franking.ts";
import type { GrantedMessage } from "../../crypto/device/history-pack.ts";
import { openPayload, type LastSeen } from "../../crypto/device/payload.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import type { EventProblemCode } from "../conversation/items.ts";
import { refusalOf } from "../conversation/judge-message.ts";
import { saidIn } from "../conversation/open-event.ts";
import type { ConversationState } from "../conversation/state.ts";
import { codeOf } from "../errors.ts";
import type { StoredLink } from "./incoming-job.ts";

interface RecordContext {
  readonly conversation: ConversationId;
  readonly grantor: UserId;
  /** The owner of the sending device by its certificate, if that is proved. */
  readonly author: Author | undefined;
  /** The members and the epoch at this place; undefined if the range shows no change of members before it. */
  readonly state: Pick<ConversationState, "members" | "epoch"> | undefined;
}

/** An event of a granted range. */
interface Granted {
  /** The event as the history stores it. */
  readonly record: HistoryRecord;
  /** Earlier messages that the sending device could not open, if the event is a message that is shown. */
  readonly unopened: readonly number[];
  /** The event that its sender saw last, if the event is a message that is shown. */
  readonly lastSeen: LastSeen | undefined;
}

/**
 * Returns an event of a granted range. It is shown only if it is what the
 * log holds, if the sending device signed it (a commitment alone may be anybody's), and if members were
 * allowed to open it at its place.
 */
export function grantedRecord(
  link: StoredLink,
  entry: GrantedMessage | undefined,
  place: RecordContext,
): Granted {
  const { control: encoded, commitment, ...header } = link;
  const base: HistoryRecord = {
    ...header,
    sender: place.author?.user,
    text: undefined,
    payload: undefined,
    frankingKey: undefined,
    signature: undefined,
    control: undefined,
    arrived: [],
    enters: false,
    problems: [],
    gap: undefined,
    attachment: undefined,
    restored: undefined,
    device: undefined,
    grantedBy: place.grantor,
  };
  if (link.kind !== "message") return shown({ ...base, control: controlOf(link, encoded) });
  if (entry === undefined) return withProblem(base, "grant_omitted");
  const { payload, frankingKey, signature } = entry;
  const { conversation, author, state } = place;
  const context = { ...header, conversation };
  try {
    verifyCommitment(frankingKey, payload, commitment);
    const { body, unopened, lastSeen } = openPayload(payload, context);
    if (author === undefined) return withProblem(base, "author_unverified");
    verifyAuthor(signature, context, commitment, author);
    const refused = state && refusalOf(state, author.user, link);
    if (refused !== undefined) return withProblem(base, refused);
    const record = { ...base, ...saidIn(body), payload, frankingKey, signature };
    return { record, unopened: unopened ?? [], lastSeen };
  } catch (error) {
    const code = codeOf(error, "DeviceError");
    if (code === undefined) throw error;
    return withProblem(base, problems[code] ?? "malformed_plaintext");
  }
}

const shown = (record: HistoryRecord): Granted => ({ record, unopened: [], lastSeen: undefined });

const withProblem = (record: HistoryRecord, code: EventProblemCode): Granted =>
  shown({ ...record, problems: [{ code, user: record.grantedBy }] });

const problems: Readonly<Record<string, EventProblemCode>> = {
  commitment_mismatch: "grant_altered",
  invalid_signature: "author_unverified",
  // The sender caused these at the time.
  context_mismatch: "context_mismatch",
  unsupported_payload: "unsupported_payload",
};

/** Older receipts are not shown: the keys that would verify their signatures may be gone. */
function controlOf({ kind }: StoredLink, encoded: Uint8Array | undefined) {
  if (encoded === undefined || kind === "history_granted" || kind === "consent_changed")
    return undefined;
  try {
    return decodeControl(encoded);
  } catch {
    return undefined;
  }
}

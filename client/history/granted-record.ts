import type { Control } from "../../crypto/wire/frame.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { verifyAuthor, type Author } from "../../crypto/device/authorship.ts";
import { verifyCommitment } from "../../crypto/device/franking.ts";
import type { GrantedMessage } from "../../crypto/device/history-pack.ts";
import { openPayload } from "../../crypto/device/payload.ts";
import type { LastSeen } from "../../crypto/wire/payload.ts";
import type { HistoryRecord, Problem } from "../conversation/history.ts";
import type { EventProblemCode } from "../conversation/items.ts";
import { refusalOf } from "../conversation/judge-message.ts";
import { saidIn } from "../conversation/open-event.ts";
import { codeOf } from "../errors.ts";
import { changesMembers, type GrantedMembers } from "./granted-members.ts";
import type { StoredLink } from "./incoming-job.ts";

interface RecordContext {
  readonly conversation: ConversationId;
  readonly grantor: UserId;
  /** The owner of the sending device by its certificate, if that is proved. */
  readonly author: Author | undefined;
  /** The members and the epoch at this place; undefined if the log does not show them. */
  readonly members: GrantedMembers | undefined;
  /** The content of a change of the members, if its list counts. */
  readonly change: Control | undefined;
  /** True if the log has a message of this device with this id before it. */
  readonly isRepeated: boolean;
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
 * Returns an event of a granted range. A message is shown only if it is what the log holds, if the sending
 * device signed it (a commitment alone may be anybody's), if members were allowed to open it at its place,
 * and if that is its first place. If the members there are not known, it is shown with a mark.
 */
export function grantedRecord(
  link: StoredLink,
  entry: GrantedMessage | undefined,
  place: RecordContext,
): Granted {
  const { control: _, commitment, ...header } = link;
  const base: HistoryRecord = {
    ...header,
    sender: place.author?.user,
    text: undefined,
    payload: undefined,
    frankingKey: undefined,
    signature: undefined,
    control: undefined,
    arrived: [],
    departed: [],
    enters: false,
    problems: [],
    gap: undefined,
    attachment: undefined,
    restored: undefined,
    about: undefined,
    device: undefined,
    grantedBy: place.grantor,
  };
  if (link.kind !== "message") return controlRecord(base, place.change, changesMembers(link.kind));
  if (entry === undefined) return withProblem(base, "grant_omitted");
  const { payload, frankingKey, signature } = entry;
  const { conversation, author, members, isRepeated } = place;
  const context = { ...header, conversation };
  try {
    verifyCommitment(frankingKey, payload, commitment);
    const { body, unopened, lastSeen } = openPayload(payload, context);
    if (author === undefined) return withProblem(base, "author_unverified");
    verifyAuthor(signature, context, commitment, author);
    const refused = members && refusalOf(members, author.user, link);
    if (refused !== undefined) return withProblem(base, refused);
    if (isRepeated) return withProblem(base, "duplicate");
    const unproved: Problem = { code: "membership_unverified", user: author.user };
    const problems = members === undefined ? [unproved] : [];
    const record = { ...base, ...saidIn(body), payload, frankingKey, signature, problems };
    return { record, unopened: unopened ?? [], lastSeen };
  } catch (error) {
    const code = codeOf(error, "DeviceError");
    if (code === undefined) throw error;
    return withProblem(base, codes[code] ?? "malformed_plaintext");
  }
}

const shown = (record: HistoryRecord): Granted => ({ record, unopened: [], lastSeen: undefined });

const withProblem = (record: HistoryRecord, code: EventProblemCode): Granted =>
  shown({ ...record, problems: [{ code, user: record.grantedBy }] });

const codes: Readonly<Record<string, EventProblemCode>> = {
  commitment_mismatch: "grant_altered",
  invalid_signature: "author_unverified",
  // The sender caused these at the time.
  context_mismatch: "context_mismatch",
  unsupported_payload: "unsupported_payload",
};

/** Older receipts are not shown: the keys that would verify their signatures may be gone. */
const controlRecord = (
  base: HistoryRecord,
  change: Control | undefined,
  isChange: boolean,
): Granted =>
  change === undefined && isChange
    ? shown({ ...base, problems: [{ code: "malformed_event", user: undefined }] })
    : shown({ ...base, control: change });

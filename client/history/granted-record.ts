import { decodeControl } from "../../crypto/wire/frame.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { verifyCommitment } from "../../crypto/device/franking.ts";
import type { GrantedMessage } from "../../crypto/device/history-pack.ts";
import { openPayload } from "../../crypto/device/payload.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import type { EventProblemCode } from "../conversation/items.ts";
import { saidIn } from "../conversation/open-event.ts";
import { codeOf } from "../errors.ts";
import type { StoredLink } from "./incoming-job.ts";

interface RecordContext {
  readonly conversation: ConversationId;
  readonly grantor: UserId;
  /** The user of the sending device by its certificate, if this device knows it. */
  readonly certified: UserId | undefined;
}

/**
 * Returns an event of a granted range as the history stores it. It is shown only if it is what the
 * log holds.
 */
export function grantedRecord(
  link: StoredLink,
  entry: GrantedMessage | undefined,
  place: RecordContext,
): HistoryRecord {
  const { control: encoded, commitment, ...header } = link;
  const base: HistoryRecord = {
    ...header,
    sender: place.certified ?? entry?.sender,
    text: undefined,
    payload: undefined,
    frankingKey: undefined,
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
  if (link.kind !== "message") return { ...base, control: controlOf(link, encoded) };
  if (entry === undefined) return withProblem(base, "grant_omitted");
  const { payload, frankingKey } = entry;
  try {
    verifyCommitment(frankingKey, payload, commitment);
    const { body } = openPayload(payload, { ...header, conversation: place.conversation });
    if (place.certified !== undefined && entry.sender !== place.certified)
      return withProblem(base, "grant_altered");
    return { ...base, ...saidIn(body), payload, frankingKey };
  } catch (error) {
    const code = codeOf(error, "DeviceError");
    if (code === undefined) throw error;
    return withProblem(base, code === "commitment_mismatch" ? "grant_altered" : problemOf(code));
  }
}

const withProblem = (record: HistoryRecord, code: EventProblemCode): HistoryRecord => ({
  ...record,
  problems: [{ code, user: record.grantedBy }],
});

/** Returns the problem that the sender caused at the time. */
const problemOf = (code: string): EventProblemCode =>
  code === "context_mismatch" || code === "unsupported_payload" ? code : "malformed_plaintext";

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

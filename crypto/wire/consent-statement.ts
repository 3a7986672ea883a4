/**
 * The server's statement about a consent, for a device that needs the consent. It is the text of a signed note
 * (C2SP signed-note) under the key of the tenant's key log, and counts for a minute at most.
 */
import { toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import { chainFromJson, chainToJson, type ChainPoint } from "./consent-record.ts";
import type { ConversationId, TenantId, UserId } from "./ids.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  malformed,
  oneOfIn,
  type JsonFields,
} from "./json-fields.ts";
import { purposes, type Purpose } from "./purposes.ts";

/** The first line of the note. No checkpoint begins with it, because no log has such an origin. */
const firstLine = "sealdesk/consent-statement/v1\n";

/** The longest time for which a statement counts, in milliseconds. */
export const STATEMENT_MS = 50_000;

const maxStatementBytes = 2048;

export interface ConsentStatement {
  readonly version: 1;
  readonly tenant: TenantId;
  /** The person who consents. */
  readonly user: UserId;
  readonly conversation: ConversationId;
  readonly purpose: Purpose;
  /** The last record of the account's chain that the server has. */
  readonly chain: ChainPoint;
  /** The record that decides; undefined if the person has said nothing about the purpose. */
  readonly decidedBy: ChainPoint | undefined;
  readonly inForce: boolean;
  /** 32 random bytes of the device that asks, so that no earlier statement is an answer. */
  readonly nonce: Uint8Array;
  /** When the server made it, and how long it counts, in milliseconds since the Unix epoch, by the server's clock. */
  readonly atMs: number;
  readonly untilMs: number;
}

/** Returns the text of the note, with its last newline. */
export const statementText = (statement: ConsentStatement): string =>
  `${firstLine}${canonicalJson(toJson(statement))}\n`;

/**
 * Parses the text of the note.
 * @throws WireError malformed_record
 */
export function parseStatement(text: string): ConsentStatement {
  if (!text.startsWith(firstLine) || !text.endsWith("}\n")) throw malformed();
  const json = utf8(text.slice(firstLine.length, -1));
  if (json.length > maxStatementBytes) throw malformed();
  return decodeCanonical(json, fromJson, toJson);
}

const toJson = (statement: ConsentStatement): CanonicalValue => ({
  ...statement,
  chain: chainToJson(statement.chain),
  decidedBy: statement.decidedBy && chainToJson(statement.decidedBy),
  nonce: toBase64Url(statement.nonce),
});

function fromJson(fields: JsonFields): ConsentStatement {
  const statement = {
    version: oneOfIn(fields, "version", [1]),
    tenant: idIn<TenantId>(fields, "tenant"),
    user: idIn<UserId>(fields, "user"),
    conversation: idIn<ConversationId>(fields, "conversation"),
    purpose: oneOfIn(fields, "purpose", purposes),
    chain: chainFromJson(fields["chain"]),
    decidedBy: "decidedBy" in fields ? chainFromJson(fields["decidedBy"]) : undefined,
    inForce: oneOfIn(fields, "inForce", [true, false]),
    nonce: bytesIn(fields, "nonce", 32),
    atMs: countIn(fields, "atMs"),
    untilMs: countIn(fields, "untilMs"),
  };
  const { atMs, untilMs, inForce } = statement;
  if (untilMs < atMs || untilMs > atMs + STATEMENT_MS) throw malformed();
  if (inForce && statement.decidedBy === undefined) throw malformed();
  return statement;
}

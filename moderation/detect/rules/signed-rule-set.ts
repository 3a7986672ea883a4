/**
 * Rule sets as a device receives them. The tenant's authority signs a statement (canonical JSON, RFC 8785, after a
 * label) that names a rule set by its digest. Every statement has a number. A device keeps the highest one, so a server
 * that shows an older statement is noticed. To go back to earlier rules, the authority signs them with a new number.
 */
import { concat, equalBytes, toBase64Url, utf8 } from "../../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../../crypto/wire/canonical-json.ts";
import type { VerifyEd25519 } from "../../../crypto/wire/ed25519.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  malformed,
  oneOfIn,
  type JsonFields,
} from "../../../crypto/wire/json-fields.ts";
import { fromUtf8 } from "../../../crypto/wire/bytes.ts";
import { WireError } from "../../../crypto/wire/wire-error.ts";
import { ModerationError } from "../moderation-error.ts";
import { maxRuleSetBytes, parseRuleSet, type RuleSet } from "./rule-set.ts";

const label = utf8("sealdesk/rule-set/v1");
const dayMs = 86_400_000;
/** The longest time for which a statement counts, so that a server cannot hold back a newer one for longer. */
const maxStatementMs = 31 * dayMs;
const maxStatementBytes = 2048;

/** The tenant's authority says that these rules are in force. */
export interface RuleSetStatement {
  readonly tenant: TenantId;
  /** The name of the rule set. */
  readonly name: string;
  /** Grows with every statement about this name. */
  readonly number: number;
  /** SHA-256 of the rule set's JSON, 32 bytes. */
  readonly digest: Uint8Array;
  /** When it counts, in milliseconds since the Unix epoch, by the authority's clock. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a device receives. */
export interface SignedRuleSet {
  /** The canonical text of the statement. */
  readonly statement: Uint8Array;
  /** Ed25519, 64 bytes, over `ruleSetStatementBytes`. */
  readonly signature: Uint8Array;
  /** The rule set's JSON. */
  readonly rules: Uint8Array;
}

/** The last statement about a name that a device accepted. It keeps it in its store. */
export interface KnownRuleSet {
  readonly number: number;
  readonly digest: Uint8Array;
}

/** What the device knows by itself. */
export interface RuleSetTrust {
  readonly tenant: TenantId;
  readonly name: string;
  /** The key of the tenant's authority: Ed25519, 32 bytes. */
  readonly authority: Uint8Array;
  /** Undefined if the device has accepted none of this name. */
  readonly known: KnownRuleSet | undefined;
  /** By the device's own clock, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly verify: VerifyEd25519;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

/** Returns the canonical text of a statement. */
export const encodeRuleSetStatement = (statement: RuleSetStatement): Uint8Array =>
  utf8(canonicalJson(toJson(statement)));

/** Returns the bytes that are signed for a statement's text. */
export const ruleSetStatementBytes = (statement: Uint8Array): Uint8Array =>
  concat(label, statement);

/**
 * Checks a rule set that the server shows.
 * @returns the rules, and what the device must keep before it uses them
 * @throws ModerationError rule_set_not_authentic: the authority did not sign these rules for this tenant and name
 * @throws ModerationError rule_set_rolled_back: the device has accepted a later statement, or another one of this number
 * @throws ModerationError rule_set_expired: the statement does not count now
 * @throws ModerationError invalid_rule_set: the authority signed rules that cannot be used
 */
export function openRuleSet(
  { statement: text, signature, rules }: SignedRuleSet,
  trust: RuleSetTrust,
): { readonly rules: RuleSet; readonly known: KnownRuleSet } {
  if (!trust.verify(trust.authority, ruleSetStatementBytes(text), signature))
    throw notAuthentic("is not signed by the organisation's authority");
  const statement = decode(text);
  const { number, digest } = statement;
  if (statement.tenant !== trust.tenant || statement.name !== trust.name)
    throw notAuthentic("is for another organisation or another purpose");
  if (rules.length > maxRuleSetBytes || !equalBytes(trust.sha256(rules), digest))
    throw notAuthentic("has other rules than were signed");
  assertNotRolledBack(statement, trust.known);
  if (trust.nowMs < statement.fromMs - dayMs || trust.nowMs > statement.untilMs)
    throw new ModerationError(
      "rule_set_expired",
      "The rule set does not count at this time. Check the clock, or ask the organisation to sign its rules again.",
    );
  return { rules: parseRuleSet(jsonOf(rules)), known: { number, digest } };
}

function assertNotRolledBack(
  { number, digest }: RuleSetStatement,
  known: KnownRuleSet | undefined,
): void {
  if (known === undefined || number > known.number) return;
  if (number === known.number && equalBytes(digest, known.digest)) return;
  throw new ModerationError(
    "rule_set_rolled_back",
    "The server shows an older rule set than this device has used. Tell the organisation: its server is not honest, or it was restored.",
  );
}

function decode(text: Uint8Array): RuleSetStatement {
  try {
    if (text.length > maxStatementBytes) throw malformed();
    return decodeCanonical(text, fromJson, toJson);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw notAuthentic("has another form", cause);
  }
}

const toJson = ({ digest, ...rest }: RuleSetStatement): CanonicalValue => ({
  type: "rule_set",
  version: 1,
  digest: toBase64Url(digest),
  ...rest,
});

function fromJson(fields: JsonFields): RuleSetStatement {
  oneOfIn(fields, "type", ["rule_set"]);
  oneOfIn(fields, "version", [1]);
  const { name } = fields;
  if (typeof name !== "string") throw malformed();
  const fromMs = countIn(fields, "fromMs");
  const untilMs = countIn(fields, "untilMs", fromMs + 1);
  if (untilMs - fromMs > maxStatementMs) throw malformed();
  return {
    tenant: idIn(fields, "tenant"),
    name,
    number: countIn(fields, "number", 1),
    digest: bytesIn(fields, "digest", 32),
    fromMs,
    untilMs,
  };
}

function jsonOf(rules: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(rules));
  } catch (cause) {
    throw new ModerationError(
      "invalid_rule_set",
      "The rule set is not JSON. Correct it, and sign it again.",
      { cause },
    );
  }
}

const notAuthentic = (why: string, cause?: unknown): ModerationError =>
  new ModerationError("rule_set_not_authentic", `The rule set ${why}. Do not use it.`, { cause });

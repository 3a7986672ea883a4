/** The audit entries that prove what a certificate says was erased. */
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { fromBase64 } from "../base64.ts";
import type { TreeHead } from "../checkpoint.ts";
import { LogError } from "../log-error.ts";
import type { Checks } from "../note.ts";
import { verifyInclusion } from "../proofs.ts";
import { leafHash } from "../tree-hash.ts";
import type { CertificateBody, ErasedItem } from "./certificate.ts";

/** The act that erases an item of each kind. An entry of another action proves nothing. */
const actionOf: Readonly<Record<ErasedItem["kind"], string>> = {
  subject_key: "keys.destroy",
  messages: "keys.destroy",
  attachments: "attachment.remove",
  profile: "erasure.account",
  devices: "erasure.account",
  sessions: "erasure.account",
  audit_fields: "erasure.account",
};

type Fields = Readonly<Record<string, unknown>>;

/** What an entry says, as far as it proves an erasure. */
interface Facts {
  readonly tenant: string;
  readonly action: unknown;
  readonly outcome: unknown;
  /** The ids that the act is about: of the affected user and of the resource. */
  readonly about: readonly unknown[];
  readonly details: Fields;
}

/**
 * Requires that every entry is in the log and about the tenant, and that each erased item names an
 * entry that records its erasure: the act that erases such an item, with success, and of this
 * person, case or item.
 * @param head of the log to which the proofs lead
 * @throws LogError invalid_proof, malformed, mismatch
 */
export function assertEntries({ sha256 }: Checks, body: CertificateBody, head: TreeHead): void {
  const proven = new Map<string, Facts>();
  for (const [at, { entry, index, proof }] of body.entries.entries()) {
    const place = `entries[${at}]`;
    const path = proof.map((hash) => fromBase64(hash) ?? new Uint8Array(0));
    verifyInclusion(sha256, { leaf: leafHash(sha256, utf8(entry)), index, proof: path }, head);
    const { eventId, facts } = read(entry, place);
    if (facts.tenant !== body.tenant)
      throw new LogError("mismatch", place, "is an entry about another tenant.");
    proven.set(eventId, facts);
  }
  for (const [index, item] of body.erased.entries()) {
    const place = `erased[${index}]`;
    const facts = proven.get(item.entry);
    if (facts === undefined)
      throw new LogError("mismatch", place, "names an audit entry that is not proven.");
    if (!proves(facts, item, body))
      throw new LogError("mismatch", place, "names an audit entry that does not record it.");
  }
}

function proves(facts: Facts, item: ErasedItem, body: CertificateBody): boolean {
  const { action, outcome, about, details } = facts;
  const isAbout = [body.subject, body.case, item.id].some((id) => about.includes(id));
  const isErasure = outcome === "success" && action === actionOf[item.kind] && isAbout;
  return isErasure && (action !== "keys.destroy" || isDestroyed(details, item));
}

/** Returns whether these keys were destroyed: all of the person, or those of the conversation. */
function isDestroyed({ whole, scopes }: Fields, { kind, id }: ErasedItem): boolean {
  if (whole === true) return true;
  const isOfItem = (scope: unknown) => Array.isArray(scope) && scope[0] === id;
  return kind === "messages" && Array.isArray(scopes) && scopes.some(isOfItem);
}

function read(entry: string, place: string): { readonly eventId: string; readonly facts: Facts } {
  const { eventId, tenant, action, outcome, subject, resource, details } = fieldsOf(parsed(entry));
  if (typeof eventId !== "string" || typeof tenant !== "string")
    throw new LogError("malformed", place, "is not an entry of the audit log.");
  const about = [subject, fieldsOf(resource)["id"]];
  return { eventId, facts: { tenant, action, outcome, about, details: fieldsOf(details) } };
}

function parsed(entry: string): unknown {
  try {
    return JSON.parse(entry) as unknown;
  } catch {
    return undefined;
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

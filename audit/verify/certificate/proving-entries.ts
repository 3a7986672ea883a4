/** The audit entries that prove what a certificate says was erased. */
import type { TreeHead } from "../checkpoint.ts";
import { LogError } from "../log-error.ts";
import type { Checks } from "../note.ts";
import { openProven, type Facts, type Fields } from "../proven-entry.ts";
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

/**
 * Requires that every entry is in the log and about the tenant, and that each erased item names an
 * entry that records its erasure: the act that erases such an item, with success, and of this
 * person, case or item.
 * @param head of the log to which the proofs lead
 * @throws LogError invalid_proof, malformed, mismatch
 */
export function assertEntries(checks: Checks, body: CertificateBody, head: TreeHead): void {
  const proven = new Map<string, Facts>();
  for (const [at, entry] of body.entries.entries()) {
    const facts = openProven(checks, entry, { head, tenant: body.tenant, place: `entries[${at}]` });
    proven.set(facts.eventId, facts);
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

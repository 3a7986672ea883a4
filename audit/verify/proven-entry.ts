/** An entry of the audit log that is shown with the proof that the log has it. */
import { utf8 } from "../../crypto/wire/bytes.ts";
import { fromBase64 } from "./base64.ts";
import type { ProvenEntry } from "./certificate/certificate.ts";
import type { TreeHead } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import type { Checks } from "./note.ts";
import { verifyInclusion } from "./proofs.ts";
import { leafHash } from "./tree-hash.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** What an entry says about an act. */
export interface Facts {
  readonly eventId: string;
  readonly tenant: string;
  readonly action: unknown;
  readonly outcome: unknown;
  readonly actor: Fields;
  /** The ids that the act is about: of the affected user and of the resource. */
  readonly about: readonly unknown[];
  readonly details: Fields;
}

/**
 * Requires that the log has the entry, and that it is about this tenant.
 * @param where.head of the log to which the proof leads
 * @throws LogError invalid_proof, malformed, mismatch, with `where.place`
 */
export function openProven(
  { sha256 }: Checks,
  { entry, index, proof }: ProvenEntry,
  where: { readonly head: TreeHead; readonly tenant: string; readonly place: string },
): Facts {
  const { head, place } = where;
  const path = proof.map((hash) => fromBase64(hash) ?? new Uint8Array(0));
  verifyInclusion(sha256, { leaf: leafHash(sha256, utf8(entry)), index, proof: path }, head);
  const facts = factsOf(entry, place);
  if (facts.tenant !== where.tenant)
    throw new LogError("mismatch", place, "is an entry about another tenant.");
  return facts;
}

function factsOf(entry: string, place: string): Facts {
  const fields = fieldsOf(parsed(entry));
  const { eventId, tenant, action, outcome, subject, resource } = fields;
  if (typeof eventId !== "string" || typeof tenant !== "string")
    throw new LogError("malformed", place, "is not an entry of the audit log.");
  const about = [subject, fieldsOf(resource)["id"]];
  const [actor, details] = [fieldsOf(fields["actor"]), fieldsOf(fields["details"])];
  return { eventId, tenant, action, outcome, actor, about, details };
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

import { createHash, randomBytes } from "node:crypto";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson } from "../../crypto/wire/canonical-json.ts";
import type { HoldId } from "../../crypto/wire/ids.ts";

const LABEL = "sealdesk/hold/v1";

/** What a commitment is about. */
export interface CommittedHold {
  readonly id: HoldId;
  readonly matter: string;
  readonly citation: string;
  /** Milliseconds since the Unix epoch. */
  readonly placedAtMs: number;
}

/** Returns 32 random bytes. They keep others from guessing the matter from the commitment. */
export const newSalt = (): Uint8Array => randomBytes(32);

/**
 * Returns the commitment by which certificates name a hold: SHA-256 of the label, the salt, and the canonical JSON
 * (RFC 8785) of the hold's id, matter, citation and time. Whoever is shown these and the salt can recompute it.
 */
export const commitToHold = (
  { id, matter, citation, placedAtMs }: CommittedHold,
  salt: Uint8Array,
): Uint8Array =>
  createHash("sha256")
    .update(utf8(LABEL))
    .update(salt)
    .update(utf8(canonicalJson({ id, matter, citation, placedAtMs })))
    .digest();

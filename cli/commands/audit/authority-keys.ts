import { LogError } from "../../../audit/verify/log-error.ts";
import { followHandovers } from "../../../crypto/wire/authority-chain.ts";
import { decodeAuthorityEntry, type AuthorityEntry } from "../../../crypto/wire/authority-entry.ts";
import { fromUtf8 } from "../../../crypto/wire/bytes.ts";
import { objectOf } from "../../../crypto/wire/json-fields.ts";
import { WireError } from "../../../crypto/wire/wire-error.ts";
import { verifyEd25519 } from "../../../keys/ed25519.ts";

/** Checks the entries of a key log about the tenant's authority: one key after the other, each handed over to. */
export class AuthorityKeys {
  readonly #entries: AuthorityEntry[] = [];
  readonly #indexOf = new Map<AuthorityEntry, number>();

  /** Takes the next entry in the order of the log. Entries about anything else are passed over. */
  add(bytes: Uint8Array, index: number): void {
    if (!isAuthorityEntry(bytes)) return;
    const entry = decoded(bytes, index);
    const expected = this.#entries.length + 1;
    if (entry.version !== expected)
      throw new LogError(
        "missing",
        `entry ${index}`,
        `has version ${entry.version} of the authority's keys, not ${expected}.`,
      );
    if (this.#entries.some(({ tenant }) => tenant !== entry.tenant))
      throw new LogError(
        "malformed",
        `entry ${index}`,
        "is about the authority of another tenant.",
      );
    this.#entries.push(entry);
    this.#indexOf.set(entry, index);
  }

  /**
   * Checks the handovers from the first key on.
   * @throws LogError mismatch
   */
  assertHandedOver(): void {
    const [first] = this.#entries;
    if (first === undefined) return;
    const { intruder } = followHandovers(this.#entries, first.authorityKey, verifyEd25519);
    if (intruder !== undefined)
      throw new LogError(
        "mismatch",
        `entry ${this.#indexOf.get(intruder) ?? 0}`,
        intruder.change === "added"
          ? "adds a key of the tenant's authority to which the key before did not hand over."
          : "retires the key of the tenant's authority, which did not hand over to another before.",
      );
  }
}

/** An entry of an audit log may name the authority as its resource, so only the entry's own type counts. */
const isAuthorityEntry = (bytes: Uint8Array): boolean => {
  try {
    return objectOf(JSON.parse(fromUtf8(bytes)))["type"] === "authority_key";
  } catch {
    return false;
  }
};

function decoded(bytes: Uint8Array, index: number): AuthorityEntry {
  try {
    return decodeAuthorityEntry(bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new LogError("malformed", `entry ${index}`, "is not an entry of the authority.", {
      cause,
    });
  }
}

import { z } from "zod";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Profiles } from "../accounts/profiles.ts";
import type { PersonAttributes } from "./person-attributes.ts";

/** A person as a provider reads them back. Times are milliseconds since the Unix epoch. */
export interface StoredPerson extends PersonAttributes {
  readonly id: UserId;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

/** A row of `provisioned_people`. */
export interface PersonRow {
  readonly id: UserId;
  /** Sealed. */
  readonly attributes: Uint8Array;
  readonly active: boolean;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

export const PERSON = `p.user_id as id, p.attributes, p.active, p.created_at_ms as "createdAtMs",
  p.changed_at_ms as "changedAtMs"`;

const sealedForm = z.object({
  userName: z.string(),
  displayName: z.string().optional(),
  externalId: z.string().optional(),
});

/** Returns the sealed form of a person's names. */
export const sealPerson = (
  profiles: Profiles,
  tenant: TenantId,
  user: UserId,
  { userName, displayName, externalId }: PersonAttributes,
): Promise<Uint8Array> =>
  profiles.sealProvisioned(tenant, user, JSON.stringify({ userName, displayName, externalId }));

/**
 * Opens the names of people. Somebody whose key was destroyed has their id as a name.
 * @throws IdentityError key_missing; KeysError seal_broken, kms_...
 */
export async function openPeople(
  profiles: Profiles,
  tenant: TenantId,
  rows: readonly PersonRow[],
): Promise<readonly StoredPerson[]> {
  const texts = await profiles.openProvisioned(tenant, rows);
  return rows.map(({ id, active, createdAtMs, changedAtMs }, at) => {
    const text = texts[at] ?? null;
    const names = text === null ? { userName: id } : sealedForm.parse(JSON.parse(text));
    const { userName, displayName, externalId } = {
      displayName: undefined,
      externalId: undefined,
      ...names,
    };
    return { id, userName, displayName, externalId, active, createdAtMs, changedAtMs };
  });
}

/** `userName` is not case-sensitive (RFC 7643 section 4.1.1), so it is found by its lower case. */
export const userNameIndexes = (
  profiles: Pick<Profiles, "usernameIndexes">,
  tenant: TenantId,
  userName: string,
): readonly Uint8Array[] =>
  profiles.usernameIndexes(tenant, userName.normalize("NFC").toLowerCase());

import type { Client } from "../../db/pool.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { decideDirectory, type DirectoryFacts } from "../../policies/directory.ts";
import { assertAllowed } from "../audited.ts";
import { userNotFound } from "../identity-error.ts";
import { sharesConversation } from "./shares-conversation.ts";

/** A user as the directory shows them, without devices. */
export interface ReadableUser {
  readonly user: UserId;
  readonly role: Role;
  /** Encrypted under the user's own key. */
  readonly displayName: Uint8Array | null;
  /** Null until the account's first device is registered. */
  readonly accountKey: Uint8Array | null;
  /** Whether it is a customer who never presented a customer token. */
  readonly anonymous: boolean;
}

/**
 * Returns the user if `actor` may read the user's devices and keys.
 * @throws IdentityError user_not_found, also for a user of another tenant; forbidden
 */
export async function assertReadable(
  client: Client,
  actor: Actor,
  user: UserId,
): Promise<ReadableUser> {
  const account = await readUser(client, user);
  assertAllowed(decideDirectory(actor, "read_devices", await factsOf(client, actor, account)));
  return account;
}

/**
 * Returns the facts for a decision about an account.
 * @throws IdentityError user_not_found
 */
export const directoryFacts = async (
  client: Client,
  actor: Actor,
  user: UserId,
): Promise<DirectoryFacts> => factsOf(client, actor, await readUser(client, user));

async function readUser(client: Client, user: UserId): Promise<ReadableUser> {
  const { rows } = await client.query<ReadableUser>(
    `select id as user, role, display_name as "displayName", account_key as "accountKey",
       anonymous_key is not null and subject_index is null as anonymous
     from users where id = $1`,
    [user],
  );
  const [account] = rows;
  if (account === undefined) throw userNotFound();
  return account;
}

const factsOf = async (
  client: Client,
  actor: Actor,
  { user, role }: ReadableUser,
): Promise<DirectoryFacts> => ({
  tenant: actor.tenant,
  user,
  role,
  sharesConversation: await sharesConversation(client, actor.user, user),
});

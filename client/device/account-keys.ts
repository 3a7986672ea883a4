import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { acceptAccountKey, knownAccountKey } from "../../crypto/device/admit-device.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import { groupDigits, safetyNumber } from "../../crypto/device/safety-number.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import type { SafetyCode } from "./safety-code.ts";
import type { Trust } from "./trust.ts";

export interface AccountKeysDeps {
  readonly store: DeviceStore;
  readonly api: Pick<Api, "devicesOf">;
  readonly trust: Trust;
  /** The roles of users in conversations: see `ConversationManager`. */
  readonly roles: {
    readonly uncertify: (user: UserId) => Promise<void>;
    readonly certify: () => Promise<void>;
  };
  /** The user whose device this is. */
  readonly self: UserId;
}

/** Safety numbers that two people compare: 60 digits in groups of five. */
export interface SafetyNumbers {
  /** The number for the account key that this device trusts. Undefined before it has seen one. */
  readonly known: string | undefined;
  /**
   * The number for the account key that the server shows now. Undefined if the user has no device.
   */
  readonly offered: string | undefined;
}

/** @throws SealdeskError */
export async function safetyNumbersWith(
  deps: AccountKeysDeps,
  user: UserId,
): Promise<SafetyNumbers> {
  const { known, offered } = await accountKeysOf(deps, user);
  return { known: await numberOf(deps, user, known), offered: await numberOf(deps, user, offered) };
}

/**
 * Returns the code to compare with a user whose account key this device trusts.
 * @throws SealdeskError untrusted_member: this device has not seen a key of the user
 */
export async function safetyCodeWith(
  { store, self }: Pick<AccountKeysDeps, "store" | "self">,
  user: UserId,
): Promise<SafetyCode> {
  const { own, known } = await store.read(async (transaction) => ({
    own: await loadAccountKey(transaction),
    known: await knownAccountKey(transaction, user),
  }));
  if (known === undefined)
    throw new SealdeskError("untrusted_member", "This device knows no key of this user.", { user });
  // Loaded on use, because QR codes are a large part of this SDK.
  const { safetyCode } = await import("./safety-code.ts");
  return safetyCode({ user: self, accountKey: own }, { user, accountKey: known });
}

/**
 * Trusts the account key that the server shows now, and what was signed under it. Other keys that the account
 * had since the one that this device trusted stay unaccepted. Call it after a person has compared the safety number.
 * @param confirmed the safety number that was compared
 * @throws SealdeskError untrusted_member: the server now shows a key with another number, or a key
 *   that is not in the key log
 */
export async function acceptOffered(
  deps: AccountKeysDeps,
  user: UserId,
  confirmed: string,
): Promise<void> {
  const { known, offered, devices } = await accountKeysOf(deps, user);
  const digits = (text: string | undefined) => text?.replaceAll(/\D/g, "");
  const number = await numberOf(deps, user, offered);
  if (offered === undefined || known === undefined || digits(number) !== digits(confirmed))
    throw new SealdeskError(
      "untrusted_member",
      "The safety number does not belong to the key that the server shows.",
      {
        user,
      },
    );
  const found = await deps.trust.compareWithLog(user, devices);
  if (found.length === 0 || !found.every(({ logged }) => logged))
    throw new SealdeskError(
      "untrusted_member",
      "The key that the server shows is not in the key log.",
      {
        user,
        problem: "key_not_logged",
      },
    );
  const isNew = !equalBytes(known, offered);
  // Before the new key counts, so that it never has the role that was certified for the former one.
  if (isNew) await deps.roles.uncertify(user);
  const { forget, committed } = await deps.store.transact(async (transaction) => {
    if (isNew) await acceptAccountKey(transaction, user, { shown: known, accepted: offered });
    const forgotten = deps.trust.reconsider(transaction, user, {
      replaced: known,
      accepted: offered,
    });
    return { forget: forgotten, ...(await deps.trust.admit(transaction, found)) };
  });
  forget();
  committed();
  await deps.roles.certify();
}

async function accountKeysOf({ store, api }: AccountKeysDeps, user: UserId) {
  const devices = await api.devicesOf(user);
  const known = await store.read((transaction) => knownAccountKey(transaction, user));
  return { known, offered: devices[0]?.record.accountKey, devices };
}

async function numberOf(
  { store, self }: AccountKeysDeps,
  user: UserId,
  accountKey: Uint8Array | undefined,
): Promise<string | undefined> {
  if (accountKey === undefined) return undefined;
  const own = await store.read(loadAccountKey);
  return groupDigits(safetyNumber({ user: self, accountKey: own }, { user, accountKey }));
}

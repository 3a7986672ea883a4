import { equalBytes, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson } from "../../crypto/wire/canonical-json.ts";
import {
  fixed,
  message,
  optional,
  tenantId,
  text,
  uint,
  userId,
} from "../../crypto/wire/protobuf.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import type { Credentials, KeptSession, SessionKeeper } from "../http/session.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { loadAccount } from "./account.ts";

const sessionName = "client!session";

const record = message({
  /** The server and the account that it was opened for; see `originOf`. */
  origin: [1, fixed(32)],
  accessToken: [2, text(8192)],
  expiresAtMs: [3, uint()],
  tenant: [4, tenantId],
  slug: [5, text(64)],
  user: [6, userId],
  role: [7, text(64)],
  displayName: [8, optional(text(1024))],
});

/**
 * Returns a digest of the server and of the account that a session is for. The session is continued
 * only if the digest is the same.
 */
function originOf(url: string, credentials: Credentials): Uint8Array {
  const { grant, tenant } = credentials;
  return sha256(utf8(canonicalJson([url, grant, tenant, ...accountOf(credentials)])));
}

function accountOf(credentials: Credentials): (string | null)[] {
  switch (credentials.grant) {
    case "password":
      return [credentials.username];
    case "passkey":
    case "customer_token":
      return [credentials.subject ?? null];
    case "anonymous":
      return [];
    case "oidc":
      return [credentials.provider, credentials.subject ?? null];
  }
}

/**
 * Keeps the session in the device's store, so that a page or a program that starts again continues
 * it. The store is encrypted, and the token serves only together with the device key.
 * @param asMember whether to continue a session only if this device is registered. A device that
 *   is not registered needs what the server says at sign-in
 */
export function sessionKeeper(
  store: DeviceStore,
  { url, credentials }: { readonly url: string; readonly credentials: Credentials },
  asMember: boolean,
): SessionKeeper {
  const origin = originOf(url, credentials);

  async function load(transaction: ReadTransaction): Promise<KeptSession | undefined> {
    if ("fresh" in credentials && credentials.fresh) return undefined;
    const stored = await transaction.get(sessionName);
    if (stored === undefined) return undefined;
    const kept = decodeRecord(record, stored);
    if (!equalBytes(kept.origin, origin)) return undefined;
    const isRegistered = (await loadAccount(transaction))?.registered === 1;
    if (asMember && !isRegistered) return undefined;
    const { accessToken, expiresAtMs, tenant, slug, user, role, displayName } = kept;
    return {
      accessToken,
      expiresAtMs,
      tenant: { id: tenant, slug },
      user: { id: user, role, displayName },
      // A registered device knows the account key.
      accountKey: isRegistered ? await loadAccountKey(transaction) : undefined,
    };
  }

  return {
    load: () => store.read(load),
    save: ({ accessToken, expiresAtMs, tenant, user }) =>
      store.transact(async (transaction) => {
        const value = {
          origin,
          accessToken,
          expiresAtMs,
          tenant: tenant.id,
          slug: tenant.slug,
          user: user.id,
          role: user.role,
          displayName: user.displayName,
        };
        transaction.put(sessionName, encodeRecord(record, value));
      }),
    forget: () => store.transact(async (transaction) => transaction.delete(sessionName)),
  };
}

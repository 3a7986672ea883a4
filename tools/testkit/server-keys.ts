import { createPool } from "../../db/pool.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import { readKmsSettings } from "../../keys/kms/kms-settings.ts";
import { ServerKeys } from "../../keys/server-keys/server-keys.ts";
import { createAccessTokens, type AccessTokens } from "../../identity/tokens/access-token.ts";

interface ServerLocation {
  readonly home: string;
  readonly ownerUrl: string;
}

/** Returns the current keys of the server in `home`. */
export async function readServerKeys({ home, ownerUrl }: ServerLocation): Promise<ServerKeys> {
  const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
  const pool = createPool(ownerUrl, { max: 1 });
  try {
    return await ServerKeys.open({ pool, kms, now: Date.now });
  } finally {
    await pool.end();
  }
}

/**
 * Signs tokens as the server does, for devices that were made without it.
 * @param server.url the public URL
 */
export async function serverTokens(
  server: ServerLocation & { readonly url: string },
): Promise<AccessTokens> {
  return createAccessTokens({ keys: await readServerKeys(server), issuer: server.url });
}

import { createPool } from "../db/pool.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import { readKmsSettings } from "../keys/kms/kms-settings.ts";
import { ServerKeys } from "../keys/server-keys/server-keys.ts";
import { createAccessTokens, type AccessTokens } from "../keys/tokens/access-token.ts";

/** Signs tokens as the server in `home` does, with its own keys, for devices made without it. */
export async function serverTokens(server: {
  readonly home: string;
  readonly ownerUrl: string;
  /** The server's public URL. */
  readonly url: string;
}): Promise<AccessTokens> {
  const { kms } = await openKms(readKmsSettings({}, { home: server.home, production: false }));
  const pool = createPool(server.ownerUrl, { max: 1 });
  const keys = await ServerKeys.open({ pool, kms, now: Date.now });
  await pool.end();
  return createAccessTokens({ keys, issuer: server.url });
}

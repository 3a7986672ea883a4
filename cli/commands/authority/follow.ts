import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import { isEd25519Key } from "../../../crypto/wire/ed25519.ts";
import { isId, type TenantId } from "../../../crypto/wire/ids.ts";
import { agree } from "../../../identity/authority/process/agreements.ts";
import { CommandError } from "../../settings.ts";
import type { AuthoritySettings } from "./authority-settings.ts";

/** Lets the key of an authority that is a process of its own follow the key of the authority in the server. */
export async function followCommand(
  { home }: Pick<AuthoritySettings, "home">,
  { tenant, formerKey }: { readonly tenant: string; readonly formerKey: string },
): Promise<string> {
  if (!isId<TenantId>(tenant)) throw new CommandError("--tenant must be the id of a tenant.");
  if (!/^[A-Za-z0-9_-]{43}$/.test(formerKey) || !isEd25519Key(fromBase64Url(formerKey)))
    throw new CommandError("--former-key must be what sealdesk authority key prints.");
  await agree(home, { tenant, formerKey, atMs: Date.now() });
  return `The authority's key follows ${formerKey} if the server asks within an hour.`;
}

import { join } from "node:path";
import { parseEntry } from "../../../audit/export/entry-filter.ts";
import { csvCell } from "../../../audit/export/formats.ts";
import { isId, type UserId } from "../../../crypto/wire/ids.ts";
import { namesOfAccounts, MOST_NAMES } from "../../../identity/audit-log/account-names.ts";
import type { Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { writeExported } from "./export-folder.ts";

/** The file with the names of accounts, beside the entries of an export. */
const NAMES_FILE = "names.csv";

/** Collects the ids in exported entries that may be those of accounts. */
export class ExportedIds {
  readonly ids = new Set<UserId>();

  add(bytes: Uint8Array): void {
    const entry = parseEntry(bytes);
    for (const id of [entry?.actor.id, entry?.subject, entry?.resource.id])
      if (isId<UserId>(id)) this.ids.add(id);
  }
}

/**
 * Writes the names of the accounts among `ids` beside an export. No signature and no digest covers the
 * file: a digest of a name would still tell it when the person is erased and the file is removed.
 */
export async function writeNames(
  settings: Settings,
  slug: string,
  out: string,
  ids: ReadonlySet<UserId>,
): Promise<void> {
  const rows = [["id", "role", "username", "display_name"]];
  await withKeys(settings, slug, async ({ data: pool, profiles, tenant }) => {
    const all = [...ids];
    for (let from = 0; from < all.length; from += MOST_NAMES) {
      const some = all.slice(from, from + MOST_NAMES);
      for (const account of await namesOfAccounts({ pool, profiles }, tenant, some)) {
        const { id, role, username, displayName } = account;
        if (username !== null || displayName !== null)
          rows.push([id, role, username ?? "", displayName ?? ""]);
      }
    }
  });
  const text = rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
  await writeExported(join(out, NAMES_FILE), text);
}

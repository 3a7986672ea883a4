import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import { isEd25519Key } from "../../../crypto/wire/ed25519.ts";
import { isId, type TenantId, type UserId } from "../../../crypto/wire/ids.ts";
import {
  addStaff,
  listedStaff,
  readStaffList,
  removeStaff,
} from "../../../identity/authority/process/staff-list.ts";
import { CommandError } from "../../settings.ts";
import type { AuthoritySettings } from "./authority-settings.ts";

interface AccountOptions {
  readonly tenant: string;
  readonly user: string;
}

/** Adds an account to the authority's staff list. */
export async function addStaffCommand(
  { home }: Pick<AuthoritySettings, "home">,
  options: AccountOptions & {
    readonly role: string;
    readonly accountKey: string;
    readonly team?: readonly string[];
  },
): Promise<string> {
  const { tenant, user } = accountOf(options);
  const { role, accountKey, team = [] } = options;
  if (!/^[A-Za-z0-9_-]{43}$/.test(accountKey) || !isEd25519Key(fromBase64Url(accountKey)))
    throw new CommandError("--account-key must be the key that the person's device shows.");
  const { data } = listedStaff.safeParse({ tenant, user, role, accountKey, teams: [...team] });
  if (data === undefined)
    throw new CommandError(
      "--team must be names of small letters, digits and hyphens, at most 64 of them.",
    );
  await addStaff(home, data);
  return `The authority certifies ${user} as ${role} from now on.`;
}

/** Removes an account from the authority's staff list. */
export async function removeStaffCommand(
  { home }: Pick<AuthoritySettings, "home">,
  options: AccountOptions,
): Promise<string> {
  const account = accountOf(options);
  if (!(await removeStaff(home, account)))
    throw new CommandError(`The staff list does not have ${account.user}.`);
  return `The authority certifies ${account.user} no more. The last certificate ends within seven days.`;
}

/** Returns one line for each account in the authority's staff list. */
export async function listStaffCommand({ home }: Pick<AuthoritySettings, "home">): Promise<string> {
  const staff = await readStaffList(home);
  if (staff.length === 0) return "The staff list is empty.";
  return staff
    .map(({ tenant, user, role, accountKey, teams }) =>
      [tenant, user, role, accountKey, ...teams].join("  "),
    )
    .join("\n");
}

function accountOf({ tenant, user }: AccountOptions): {
  readonly tenant: TenantId;
  readonly user: UserId;
} {
  if (!isId<TenantId>(tenant)) throw new CommandError("--tenant must be the id of a tenant.");
  if (!isId<UserId>(user)) throw new CommandError("--user must be the id of an account.");
  return { tenant, user };
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isId, type TenantId, type UserId } from "../../../crypto/wire/ids.ts";
import { replaceFile } from "../../../keys/private-file.ts";
import { staffRoles, type StaffRole } from "../../../policies/actor.ts";

/** A member of staff as the operator of the authority knows them. */
export interface ListedStaff {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly role: StaffRole;
  /** The account's public key, base64url, as the person's own device shows it. */
  readonly accountKey: string;
  /** In ascending order. */
  readonly teams: readonly string[];
}

const team = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
/** The rules for a line of the list. */
export const listedStaff = z.strictObject({
  tenant: z.custom<TenantId>(isId),
  user: z.custom<UserId>(isId),
  role: z.enum(staffRoles),
  accountKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  teams: z
    .array(team)
    .max(64)
    .transform((teams) => [...new Set(teams)].toSorted()),
});
const file = z.strictObject({ version: z.literal(1), staff: z.array(listedStaff) });

const pathIn = (home: string): string => join(home, "staff.json");

/** Reads the staff list, which is empty until somebody is added. */
export async function readStaffList(home: string): Promise<readonly ListedStaff[]> {
  const text = await readFile(pathIn(home), "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? [] : file.parse(JSON.parse(text)).staff;
}

/** Adds a member of staff to the list, or replaces the line about the same account. */
export async function addStaff(home: string, added: ListedStaff): Promise<void> {
  const others = (await readStaffList(home)).filter((each) => !isSame(each, added));
  await write(home, [...others, added]);
}

/** @returns false if the list does not have the account */
export async function removeStaff(
  home: string,
  account: Pick<ListedStaff, "tenant" | "user">,
): Promise<boolean> {
  const staff = await readStaffList(home);
  const left = staff.filter((each) => !isSame(each, account));
  if (left.length === staff.length) return false;
  await write(home, left);
  return true;
}

const isSame = (
  one: Pick<ListedStaff, "tenant" | "user">,
  other: Pick<ListedStaff, "tenant" | "user">,
): boolean => one.tenant === other.tenant && one.user === other.user;

const write = (home: string, staff: readonly ListedStaff[]): Promise<void> =>
  replaceFile(pathIn(home), `${JSON.stringify({ version: 1, staff }, undefined, 2)}\n`);

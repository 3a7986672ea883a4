import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { listAccountsAsOperator } from "../../../identity/audit-log/list-accounts.ts";
import type { StaffThen } from "../../../identity/audit-log/staff-register.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { withLog } from "./open-log.ts";
import { namesFor, namesText } from "./who.ts";

export interface AccountsOptions {
  readonly tenant: string;
  readonly at?: string;
  readonly names?: true;
}

/**
 * Lists the accounts of a tenant's staff as they were at a time, from the tenant's log: one account on
 * each line, with the entry that says its role.
 * @throws CommandError; AuditError audit_log_altered
 */
export async function accountsCommand(
  settings: Settings,
  { tenant: slug, at, names: withNames }: AccountsOptions,
): Promise<string> {
  const atMs = timeOf(at) ?? Date.now();
  const { accounts, prunedBelow } = await withLog(
    settings,
    { tenant: slug },
    ({ tenant, signer }, { pool }) => {
      if (tenant === undefined) throw new CommandError("Give the slug of a tenant.");
      const deps = { pool, now: Date.now, heads: new KnownHeads(signer.publicKey) };
      return listAccountsAsOperator(deps, tenant, atMs, settings.operator);
    },
  );
  const ids = accounts.map(({ id }) => id);
  const named = withNames === true ? await namesFor(settings, slug, ids) : undefined;
  const lines = accounts.map((account) => {
    const names = named?.get(account.id);
    return names === undefined ? lineOf(account) : `${lineOf(account)}  ${namesText(names)}`;
  });
  if (accounts.length === 0) lines.push("The log shows no account of staff at that time.");
  if (prunedBelow > 0)
    lines.push(
      `Entries below ${prunedBelow} were pruned. Accounts that only they show are not in this list.`,
    );
  return lines.join("\n");
}

function lineOf({ id, role, teams, createdAtMs, roleSinceMs, index }: StaffThen): string {
  const created =
    createdAtMs === null ? "created before the log begins" : `created ${timeText(createdAtMs)}`;
  const ofTeams = teams.length === 0 ? "" : `  teams ${teams.join(", ")}`;
  return `${id}  ${role} since ${timeText(roleSinceMs)}${ofTeams}  ${created}  entry ${index}`;
}

const timeText = (ms: number): string => new Date(ms).toISOString();

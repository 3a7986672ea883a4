import type { Client } from "../../db/pool.ts";
import { logOf, type TenantId, type LogId } from "../../crypto/wire/ids.ts";
import { appendToLog } from "../append-entry.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { toBase64 } from "../verify/base64.ts";
import type { SignedRestore } from "../verify/log-restore.ts";
import { entryOf, operatorEntry, type Restored } from "./restore-entry.ts";
import type { Restores } from "./restores.ts";

/** A log that the database has. */
export interface KnownLog {
  readonly id: LogId;
  readonly origin: string;
}

/** The logs of one tenant. */
interface LogsOf {
  readonly id: TenantId;
  readonly keys: LogId;
}

const ADD = `
  insert into audit.restores (origin, restores, note) select $1, $2, $3
  where not exists (select from audit.restores where origin = $1 and restores = $2 and note = $3)`;
const TENANTS = "select id, audit.key_log(id) as keys from sealdesk.tenants";

/** An entry has an upper limit. The operator's log gets as many as the list of logs needs. */
const LOGS_IN_AN_ENTRY = 128;

/**
 * Stores the statements about all restores that count. It appends an entry about each that was not
 * stored yet to the logs that the restore concerns. The operator's log gets an entry with the whole
 * list. A tenant's audit log also gets an entry about its key log. Other rows that somebody wrote
 * to the table stay and are ignored. `client` must be in a transaction of the owner, and no other
 * process may record restores meanwhile.
 * @param restores all that are kept outside. The backup may be older than earlier ones
 * @returns whether any of them was not stored yet
 */
export async function recordRestores(
  client: Client,
  restores: Restores,
  logs: readonly KnownLog[],
  nowMs: number,
): Promise<boolean> {
  const added: SignedRestore[] = [];
  for (const restore of restores.all) if (await store(client, restore)) added.push(restore);
  const originOf = new Map(logs.map(({ id, origin }) => [id, origin]));
  const { rows: tenants } = await client.query<LogsOf>(TENANTS);
  const append = async (log: LogId, entry: Restored) => {
    await client.query("select set_config('sealdesk.tenant', $1, true)", [log]);
    await appendToLog(client, log, entry);
  };
  for (const ofOne of declarationsIn(added)) {
    const byOrigin = new Map(ofOne.map((restore) => [restore.origin, restore]));
    const restoreOf = (log: LogId) => byOrigin.get(originOf.get(log) ?? "");
    for (const part of parts(ofOne.filter(losesEntries)))
      await append(OPERATOR_LOG, operatorEntry(part, restoreOf(OPERATOR_LOG), nowMs));
    for (const { id, keys } of tenants) {
      const audit = logOf(id);
      const [log, keyLog] = [restoreOf(audit), restoreOf(keys)];
      if (log !== undefined || keyLog !== undefined)
        await append(audit, entryOf(audit, { log, keyLog }, nowMs));
      // A log without new entries has no new head, and a head is what says that it was restored.
      if (keyLog !== undefined) await append(keys, entryOf(keys, { keyLog }, nowMs));
    }
  }
  return added.length > 0;
}

/** @returns whether it was not stored yet */
const store = async (client: Client, { origin, restores, note }: SignedRestore): Promise<boolean> =>
  (await client.query(ADD, [origin, restores, note])).rowCount === 1;

/** Returns the statements of each declaration, the earliest first. */
function declarationsIn(restores: readonly SignedRestore[]): readonly (readonly SignedRestore[])[] {
  const byDeclaration = new Map<string, SignedRestore[]>();
  for (const each of restores) {
    const name = toBase64(each.declaration);
    byDeclaration.set(name, [...(byDeclaration.get(name) ?? []), each]);
  }
  const timeOf = ([first]: readonly SignedRestore[]) => first?.declaredAtMs ?? 0;
  return [...byDeclaration.values()].toSorted((a, b) => timeOf(a) - timeOf(b));
}

const losesEntries = ({ published, continues }: SignedRestore): boolean =>
  continues.size < published.size;

function* parts(restores: readonly SignedRestore[]): Iterable<readonly SignedRestore[]> {
  for (let from = 0; from < restores.length; from += LOGS_IN_AN_ENTRY)
    yield restores.slice(from, from + LOGS_IN_AN_ENTRY);
}

import type { CaseId, ConversationId, DeviceId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { caseNotFound } from "../cases/stored-case.ts";

/** An export as it is stored. Times are milliseconds since the Unix epoch. */
export interface StoredExport {
  readonly id: CaseId;
  readonly subject: UserId;
  /** The request that it answers. */
  readonly request: CaseId;
  /** The device that takes it. */
  readonly device: DeviceId;
  readonly state: string;
  readonly pending: string | null;
  readonly packedAtMs: number | null;
  readonly recordDigest: Uint8Array | null;
  readonly manifest: Uint8Array | null;
}

/** A run of events of a conversation, both ends included. */
export interface PlannedPage {
  readonly number: number;
  readonly conversation: ConversationId;
  readonly fromSeq: number;
  readonly untilSeq: number;
}

/** A page whose events were read. */
export interface PackedPage extends PlannedPage {
  /** How many of the events can still be opened. */
  readonly events: number;
  /** The Merkle root over their transcript hashes, 32 bytes. */
  readonly root: Uint8Array;
  /** The last of these hashes; null if there is none. */
  readonly head: Uint8Array | null;
}

/** @throws WorkflowError case_not_found */
export async function readExport(client: Client, id: CaseId): Promise<StoredExport> {
  const { rows } = await client.query<StoredExport>(
    `select x.case_id as id, x.subject, x.request, x.device, c.state, c.pending, x.packed_at_ms as "packedAtMs",
       x.record_digest as "recordDigest", x.manifest
     from exports x join cases c on c.tenant = x.tenant and c.id = x.case_id where x.case_id = $1`,
    [id],
  );
  if (rows[0] === undefined) throw caseNotFound();
  return rows[0];
}

const PAGE = `number, conversation, from_seq as "fromSeq", until_seq as "untilSeq"`;

/** Returns the next pages whose events were not read yet, in their order. */
export async function pagesToPack(
  client: Client,
  id: CaseId,
  most: number,
): Promise<readonly PlannedPage[]> {
  const { rows } = await client.query<PlannedPage>(
    `select ${PAGE} from export_pages where case_id = $1 and root is null order by number limit $2`,
    [id, most],
  );
  return rows;
}

/** Returns the pages of a packed export, in their order. */
export async function readPages(client: Client, id: CaseId): Promise<readonly PackedPage[]> {
  const { rows } = await client.query<PackedPage>(
    `select ${PAGE}, events, root, head from export_pages where case_id = $1 order by number`,
    [id],
  );
  return rows;
}

/** @returns undefined if there is no such page, or its events were not read yet */
export async function readPage(
  client: Client,
  id: CaseId,
  number: number,
): Promise<PackedPage | undefined> {
  const { rows } = await client.query<PackedPage>(
    `select ${PAGE}, events, root, head from export_pages
     where case_id = $1 and number = $2 and root is not null`,
    [id, number],
  );
  return rows[0];
}

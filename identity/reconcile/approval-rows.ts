import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import { actingName, type RecordedRow, type RowSource } from "./row-source.ts";

const placeOf = {
  approval: (id: string) => `sealdesk.approvals ${id}`,
  answer: (id: string, approver: string) => `sealdesk.approval_answers ${id} ${approver}`,
} as const;

const ANSWERED: readonly string[] = ["answered"];
const GIVEN: readonly string[] = ["approved"];

/** What a request that waits for other people has. */
interface OpenRequest {
  /** SHA-256 of what was asked for, in hexadecimal. */
  readonly hash: string;
  readonly requester: string;
  readonly needed: number;
}

const openWords = ({ hash, requester, needed }: OpenRequest): readonly string[] => [
  `hash ${hash}`,
  `asked by ${requester}`,
  `needs ${needed}`,
];

const askedDetails = z.looseObject({
  request: z.string().optional(),
  requestHash: z.string().optional(),
  hash: z.string(),
  needed: z.number().default(1),
});
const requestDetails = z.looseObject({ request: z.string() });
const approvedDetails = z.looseObject({ approval: z.string() });
const waitingDetails = z.looseObject({ waitsFor: z.number() });

/** The actions whose entries say what a request has, by where they name it. */
const ASKING: ReadonlySet<string> = new Set([
  "approval.request",
  "break_glass.request",
  "hold.request_release",
  "notice.draft",
  "policy.draft",
  "retention.save",
]);
/** Of these, the resource is the request. */
const ASKING_RESOURCE: ReadonlySet<string> = new Set(["approval.request", "notice.draft"]);
const ANSWERING: ReadonlySet<string> = new Set([
  "hold.approve_release",
  "hold.refuse_release",
  "hold.withdraw_release",
  "policy.approve",
  "policy.withdraw",
  "retention.approve",
  "retention.refuse",
  "retention.withdraw",
]);
const ANSWERING_RESOURCE: ReadonlySet<string> = new Set([
  "approval.refuse",
  "approval.withdraw",
  "break_glass.refuse",
  "break_glass.withdraw",
  "notice.publish",
  "notice.refuse",
  "notice.withdraw",
]);
/** The acts for which a policy can demand a second person. They name the request that they answer. */
const DEMANDED: ReadonlySet<string> = new Set([
  "account.reset",
  "device.revoke",
  "user.create_password_reset",
  "user.reset_factor",
]);
const APPROVE_ACCESS = "break_glass.approve";
/** Labels that wait for another person, and the labels that this person approves. The latter name the requester. */
const CLASSIFY = "retention.classify";

/** Requests that need other people, and their answers. */
export const approvalRows: RowSource = {
  actions: [...ASKING, ...ANSWERING, ...ANSWERING_RESOURCE, ...DEMANDED, APPROVE_ACCESS, CLASSIFY],
  recorded(entry) {
    const row = recordedApproval(entry);
    return row === undefined ? [] : [row];
  },
  read: readApprovalRows,
};

function recordedApproval(entry: LoggedEntry): RecordedRow | undefined {
  const { action, resource, details } = entry;
  if (ASKING.has(action)) return asked(entry);
  if (action === CLASSIFY && details?.["requester"] === undefined) return asked(entry);
  if (action === APPROVE_ACCESS) {
    const { data } = waitingDetails.safeParse(details);
    if (data === undefined) return undefined;
    return data.waitsFor === 0
      ? answered(resource.id)
      : { place: placeOf.answer(resource.id, actingName(entry)), values: GIVEN };
  }
  if (ANSWERING_RESOURCE.has(action)) return answered(resource.id);
  if (DEMANDED.has(action)) return answered(approvedDetails.safeParse(details).data?.approval);
  if (ANSWERING.has(action) || action === CLASSIFY)
    return answered(requestDetails.safeParse(details).data?.request);
  return undefined;
}

const answered = (request: string | undefined): RecordedRow | undefined =>
  request === undefined ? undefined : { place: placeOf.approval(request), values: ANSWERED };

function asked(entry: LoggedEntry): RecordedRow | undefined {
  const { data } = askedDetails.safeParse(entry.details);
  const id = ASKING_RESOURCE.has(entry.action) ? entry.resource.id : data?.request;
  // A schedule that ends no record earlier needs no other person.
  if (data === undefined || id === undefined) return undefined;
  const hash = data.requestHash ?? data.hash;
  const words = openWords({ hash, requester: actingName(entry), needed: data.needed });
  return { place: placeOf.approval(id), values: words };
}

const APPROVALS = `
  select id, encode(parameters_hash, 'hex') as hash, requester, needed, requested_at_ms as "createdAtMs",
    executed_at_ms is null and withdrawn_at_ms is null and refused_at_ms is null as "isOpen"
  from approvals`;
const ANSWERS = `
  select approval as id, approver, answered_at_ms as "createdAtMs" from approval_answers`;

interface ApprovalRow extends OpenRequest {
  readonly id: string;
  readonly isOpen: boolean;
  readonly createdAtMs: number;
}

interface AnswerRow {
  readonly id: string;
  readonly approver: string;
  readonly createdAtMs: number;
}

async function readApprovalRows(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = new Map<string, StoredRow>();
  const approvals = await client.query<ApprovalRow>(APPROVALS);
  for (const { id, isOpen, createdAtMs, ...request } of approvals.rows)
    rows.set(placeOf.approval(id), { words: isOpen ? openWords(request) : ANSWERED, createdAtMs });
  const answers = await client.query<AnswerRow>(ANSWERS);
  for (const { id, approver, createdAtMs } of answers.rows)
    rows.set(placeOf.answer(id, approver), { words: GIVEN, createdAtMs });
  return rows;
}

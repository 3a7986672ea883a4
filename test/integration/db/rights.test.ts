import { randomUUID } from "node:crypto";
import type { Result } from "../../../db/client.ts";
import { inTransaction } from "../../../db/transaction.ts";
import {
  arrangeConversation,
  arrangeTenant,
  openLog,
  type ArrangedConversation,
} from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let own: ArrangedConversation;
let foreign: ArrangedConversation;
beforeAll(async () => {
  database = await createTestDatabase();
  const { log, close } = await openLog(database);
  const arrange = async () => arrangeConversation(database, log, await arrangeTenant(database));
  [own, foreign] = [await arrange(), await arrange()];
  await close();
  await database.owner.query(
    `insert into sealdesk.server_keys (name, version, provider, wrapping_version, wrapped, created_at_ms,
       retired_at_ms, serves_until_ms)
     values ('tokens', 1, 'local', 1, decode(repeat('00', 60), 'hex'), 0, 0, 1),
       ('tokens', 2, 'local', 1, decode(repeat('00', 60), 'hex'), 0, 0, 9e12),
       ('tokens', 3, 'local', 1, decode(repeat('00', 60), 'hex'), 0, null, null)`,
  );
});
afterAll(() => database.drop());

/** As the server's statements run: with its role, for one tenant. */
const asApplication = (sql: string, values: readonly unknown[] = []): Promise<Result<object>> =>
  inTransaction(database.pool, own.tenant, (client) => client.query<object>(sql, [...values]));

const DENIED = "42501";
const NO_SUCH_ROW = "23503";

describe("the application's role", () => {
  test.each([
    ["update server_keys set wrapped = null, destroyed_at_ms = 1, retired_at_ms = 1", DENIED],
    ["update server_keys set wrapped = decode(repeat('11', 60), 'hex')", DENIED],
    ["update server_keys set serves_until_ms = 1 where name = 'tokens'", DENIED],
    ["delete from server_keys", DENIED],
    ["update users set role = 'admin'", DENIED],
    ["update users set password_hash = 'x'", DENIED],
    [
      `insert into users (id, tenant, role, created_at_ms)
       values (gen_random_uuid(), sealdesk.current_tenant(), 'admin', 0)`,
      DENIED,
    ],
    [
      `insert into users (id, tenant, password_hash, username_index, created_at_ms)
       values (gen_random_uuid(), sealdesk.current_tenant(), 'x', decode(repeat('00', 32), 'hex'), 0)`,
      DENIED,
    ],
  ])("is refused: %s", async (sql, code) => {
    await expect(asApplication(sql)).rejects.toMatchObject({ code });
  });

  test("creates customers only, for any arguments", async () => {
    const id = randomUUID();
    await asApplication(
      "insert into users (id, tenant, subject_index, created_at_ms) values ($1, $2, sha256('s'), 0)",
      [id, own.tenant],
    );
    const { rows } = await asApplication("select role from users where id = $1", [id]);
    expect(rows).toEqual([{ role: "customer" }]);
  });

  test("destroys no server key but one whose time is over by the database's clock", async () => {
    const { rows } = await asApplication("select * from destroy_expired_server_keys()");
    expect(rows).toEqual([{ name: "tokens", version: 1 }]);
    const kept = await asApplication(
      "select version from server_keys where wrapped is not null order by version",
    );
    expect(kept.rows).toEqual([{ version: 2 }, { version: 3 }]);
  });

  test("cannot refer to another tenant's rows, nor take their places", async () => {
    const [user] = foreign.users;
    const [device] = foreign.devices;
    await expect(
      asApplication(
        `insert into sessions (id, tenant, user_id, device_key_thumbprint, method, created_at_ms,
           expires_at_ms) values (gen_random_uuid(), $1, $2, '', 'password', 0, 1)`,
        [own.tenant, user],
      ),
    ).rejects.toMatchObject({ code: NO_SUCH_ROW });
    await expect(
      asApplication(
        "insert into members (tenant, conversation, user_id, role, from_seq) values ($1, $2, $3, 'agent', 1)",
        [own.tenant, foreign.id, own.users[0]],
      ),
    ).rejects.toMatchObject({ code: NO_SUCH_ROW });
    // A row of this tenant about another's conversation is seen by nobody and stands in nobody's way.
    const place = `insert into events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
      client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
      previous_hash)
      values ($1, $2, 2, 1, $3, 1, gen_random_uuid(), gen_random_uuid(), $4, '', '', '', '', '')`;
    const nowMs = Date.now();
    await asApplication(place, [own.tenant, foreign.id, device, nowMs]);
    await asApplication(
      "insert into cursors (tenant, conversation, device, seq) values ($1, $2, $3, 9)",
      [own.tenant, foreign.id, device],
    );
    await inTransaction(database.pool, foreign.tenant, async (client) => {
      await client.query(place, [foreign.tenant, foreign.id, device, nowMs]);
      await client.query(
        "insert into cursors (tenant, conversation, device, seq) values ($1, $2, $3, 1)",
        [foreign.tenant, foreign.id, device],
      );
    });
  });
});

describe("with an identity provider, the application's role", () => {
  const provider = randomUUID();
  const linked = randomUUID();
  const create = (by: string, role: string) =>
    asApplication("select create_provider_account($1, $2, $3, sha256($4), sha256($4), '', '', 0)", [
      randomUUID(),
      by,
      role,
      Buffer.from(`${by} ${role}`),
    ]);
  const update = (account: string | undefined, by: string, role: string) =>
    asApplication("select update_provider_account($1, $2, $3, null, '', '')", [account, by, role]);
  const roleOf = async (account: string) => {
    const { rows } = await asApplication("select role from users where id = $1", [account]);
    return rows[0];
  };
  const insert = (tenant: string, id: string, accounts: string) =>
    database.owner.query(
      `insert into sealdesk.identity_providers (tenant, id, name, issuer, client_id, client_secret,
         sealed_under, redirect_uris, scope, groups_claim, roles, accounts, metadata, created_at_ms)
       values ($1, $2, $4, '', '', '', $2, '{}', '', '',
         '[{"group": "g", "role": "agent"}]', $3, '{}', 0)`,
      [tenant, id, accounts, `p-${id}`],
    );
  const [elsewhere, existing] = [randomUUID(), randomUUID()];
  beforeAll(async () => {
    await insert(own.tenant, provider, "jit");
    await insert(own.tenant, existing, "existing");
    await insert(foreign.tenant, elsewhere, "jit");
    await database.owner.query(
      `insert into sealdesk.users (id, tenant, role, identity_index, created_at_ms)
       values ($1, $2, 'supervisor', sha256('linked'), 0)`,
      [linked, own.tenant],
    );
  });

  test("creates accounts of the roles that the operator mapped for it, and of no others", async () => {
    await create(provider, "agent");
    for (const [by, role] of [
      [provider, "admin"],
      [existing, "agent"],
      [elsewhere, "agent"],
      [randomUUID(), "agent"],
    ] as const)
      await expect(create(by, role)).rejects.toMatchObject({ code: DENIED });
  });

  test("gives linked accounts a mapped role, or leaves them theirs", async () => {
    await update(linked, provider, "supervisor");
    expect(await roleOf(linked)).toEqual({ role: "supervisor" });
    await update(linked, provider, "agent");
    expect(await roleOf(linked)).toEqual({ role: "agent" });
    for (const [account, by, role] of [
      [linked, provider, "admin"],
      [linked, elsewhere, "agent"],
      [own.users[0], provider, "agent"],
      [foreign.users[0], elsewhere, "agent"],
    ] as const)
      await expect(update(account, by, role)).rejects.toMatchObject({ code: DENIED });
    expect(await roleOf(linked)).toEqual({ role: "agent" });
  });
});

/** The column that names the tenant of a row. A tenant's audit log has the tenant's id. */
const TENANT_COLUMNS = "('tenant', 'log')";

test("each foreign key between tables of tenants includes the tenant", async () => {
  const { rows } = await database.owner.query(
    `select c.conrelid::regclass::text || '.' || c.conname as name
     from pg_constraint c
     where c.contype = 'f' and c.conparentid = 0
       and c.connamespace in (select oid from pg_namespace where nspname in ('sealdesk', 'audit', 'keystore'))
       and exists (select from pg_attribute where attrelid = c.confrelid and attname in ${TENANT_COLUMNS})
       and not exists (select from pg_attribute a where a.attrelid = c.conrelid
         and a.attnum = any(c.conkey) and a.attname in ${TENANT_COLUMNS})`,
  );
  expect(rows).toEqual([]);
});

test("row-level security is forced on each table of tenants", async () => {
  const { rows } = await database.owner.query(
    `select c.oid::regclass::text as name from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('sealdesk', 'audit', 'keystore') and c.relkind in ('r', 'p')
       and not (c.relrowsecurity and c.relforcerowsecurity)
     order by 1`,
  );
  // What they hold concerns no tenant, or is read to find out which tenant a request is for.
  expect(rows.map(({ name }) => name)).toEqual([
    "keystore.ledger_position",
    "sealdesk.ledger_position",
    "sealdesk.operator_keys",
    "sealdesk.operator_requests",
    "sealdesk.server_keys",
    "sealdesk.tenants",
  ]);
});

test("the application's role has these rights and no others", async () => {
  const { rows } = await database.owner.query<{ on: string; rights: string }>(`
    with granted as (
      select n.nspname || '.' || c.relname as on, lower(a.privilege_type) as right
      from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
      where a.grantee = 'sealdesk_app'::regrole
      union all
      select n.nspname || '.' || c.relname,
        lower(a.privilege_type) || '(' || string_agg(t.attname, ',' order by t.attname) || ')'
      from pg_attribute t join pg_class c on c.oid = t.attrelid
      join pg_namespace n on n.oid = c.relnamespace, aclexplode(t.attacl) a
      where a.grantee = 'sealdesk_app'::regrole group by 1, a.privilege_type
      union all
      select n.nspname || '.' || p.proname || '()', lower(a.privilege_type)
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace, aclexplode(p.proacl) a
      where a.grantee = 'sealdesk_app'::regrole)
    select "on", string_agg("right", ' ' order by "right") as rights from granted
    group by 1 order by 1`);
  expect(rows.map(({ on, rights }) => `${on}: ${rights}`)).toEqual(EXPECTED.trim().split("\n"));
});

const EXPECTED = `
audit.checkpoints: select
audit.cosignatures: select
audit.entries: insert(entry,tenant) select
audit.index_postings: delete insert select
audit.index_segments: delete insert select
audit.leaves: select
audit.logs: select
audit.personal_fields: delete insert select
audit.recorded_migrations: insert select
audit.recorded_settings: delete insert select update(shown,tag)
audit.repeats: delete insert select update(first_ms,last_ms,seen)
audit.restores: select
audit.tiles: select
audit.trees: select
sealdesk.alert_deliveries: delete insert select
sealdesk.alert_webhooks: delete insert select update
sealdesk.alerts: insert(action,actor,id,raised_at_ms,resource,resource_kind,subject,tenant) select update(acknowledged_at_ms,acknowledged_by)
sealdesk.answered_challenges: delete insert select
sealdesk.api_keys: select update(last_used_day)
sealdesk.api_requests: delete insert select update(answer,status)
sealdesk.approval_answers: insert select
sealdesk.approvals: insert(action,expires_at_ms,id,needed,parameters,parameters_hash,reason,requested_at_ms,requester,tenant) select update(approver,executed_at_ms,refused_at_ms,refused_by,withdrawn_at_ms)
sealdesk.assign_request(): execute
sealdesk.attachment_references: delete insert select
sealdesk.attachments: delete insert select update(chunks,damaged_at_ms,erased_by,expires_at_ms,received,seq,sha256,state,tail)
sealdesk.audit_monitors: select
sealdesk.audited_heads: insert select update(seq)
sealdesk.authority_entries: insert select
sealdesk.breach_notices: insert select
sealdesk.breach_subjects: insert select update(exposures)
sealdesk.breaches: insert(aware_at_ms,case_id,classified_at_ms,description,discovered_at_ms,opened_by,regimes,taken,tenant,time_zone) select update(assessed_at_ms,assessed_until,classified_at_ms,closing_reason,kek_version,rewrapped_at_ms,sessions_revoked,sessions_revoked_at_ms,taken)
sealdesk.break_glass: insert(conversation,id,minutes,requester,tenant) select update(ended_at_ms,ended_by,finding,reviewed_at_ms,reviewed_by)
sealdesk.case_steps: insert select update(attempts,done_at_ms,done_by,next)
sealdesk.cases: insert(due_at_ms,id,kind,opened_at_ms,state,subject,tenant,wake_at_ms) select update(due_at_ms,ended_at_ms,pending,state,step,wake_at_ms)
sealdesk.cases_to_run(): execute
sealdesk.classifications: insert select
sealdesk.consents: insert select
sealdesk.conversations: insert select update(state)
sealdesk.create_provider_account(): execute
sealdesk.cursors: insert select update(seq)
sealdesk.deferred_erasures: insert(conversation,deferred_at_ms,erasure,from_ms,hold,subject,tenant,until_ms) select update(attended_at_ms,attended_by,due_at_ms,escalated_at_ms,hold,reopened_at_ms,until_ms)
sealdesk.delete_anonymous_account(): execute
sealdesk.departures: delete select
sealdesk.destroy_expired_server_keys(): execute
sealdesk.device_lists: delete insert select update(issued_at_ms,signature,signed_by,valid_until_ms,version)
sealdesk.devices: insert select update(revoked_at_ms)
sealdesk.email_requests: delete insert(address_hash,expires_at_ms,id,link_hash,received_at_ms,recorded_by,residence,right,tenant) select update(request)
sealdesk.ensure_partitions(): execute
sealdesk.epochs: insert select
sealdesk.erase_account(): execute
sealdesk.erasure_consumers: delete insert select
sealdesk.erasure_events: insert(case_id,consumer,notified_at_ms,tenant) select update(acknowledged_at_ms,attempts)
sealdesk.erasure_items: insert select update(at_ms,citation,commitment,entry,keys,outcome,records,review_at_ms)
sealdesk.erasure_notices: insert(case_id,device,notified_at_ms,tenant) select update(acknowledged_at_ms)
sealdesk.erasure_stores: insert select
sealdesk.erasure_supplements: insert select update(certificate,certified_at_ms,digest)
sealdesk.erasures: insert(case_id,law,received_at_ms,request,subject,tenant,window_ms) select update(certificate,certificate_digest,certified_at_ms,fenced_at_ms,fenced_conversations,fenced_seqs,request)
sealdesk.events: insert select
sealdesk.export_pages: insert(case_id,conversation,from_seq,number,tenant,until_seq) select update(events,head,root)
sealdesk.exports: insert(case_id,device,request,subject,tenant) select update(completed_at_ms,manifest,packed_at_ms,record_digest)
sealdesk.follow_groups(): execute
sealdesk.grant_break_glass(): execute
sealdesk.has_customers(): execute
sealdesk.history_grants: insert select
sealdesk.history_packs: delete insert select
sealdesk.hold_items: insert select
sealdesk.holds: insert(citation,commitment,custodian,id,matter,placed_at_ms,placed_by,review_at_ms,salt,tenant) select update(review_at_ms)
sealdesk.identify_customer(): execute
sealdesk.identity_providers: select
sealdesk.is_attachment_preserved(): execute
sealdesk.key_entries: insert select
sealdesk.ledger_position: insert(hash,number) select update(hash,number)
sealdesk.lift_fence(): execute
sealdesk.lift_restriction(): execute
sealdesk.link_requests: delete insert select update(sealed,sibling,state)
sealdesk.member_devices: insert select update(finished,until_seq)
sealdesk.members: insert select update(open,until_seq)
sealdesk.merge_request(): execute
sealdesk.network_salts: delete insert select
sealdesk.notice_texts: insert select
sealdesk.notice_views: insert select
sealdesk.notices: insert(approval,begins_at_ms,controller,hash,tenant,version) select
sealdesk.one_time_prekeys: delete insert select update(public_key,signature)
sealdesk.operator_keys: select update(last_used_day)
sealdesk.operator_requests: delete insert select update(answer,status)
sealdesk.packets: insert select
sealdesk.passkeys: delete insert select update(counter,is_backed_up,last_used_at_ms,name)
sealdesk.password_resets: delete insert select update(created_at_ms,expires_at_ms,token_hash)
sealdesk.policy_versions: insert(approval,begins_at_ms,changes,hash,tenant,version) select update(is_recorded,withdrawn_at_ms)
sealdesk.potential_matches: insert(account,asked_at_ms,former,hold,id,tenant) select update(answer,answered_at_ms,answered_by,escalated_at_ms)
sealdesk.probe_storage(): execute
sealdesk.provider_logouts: delete insert select
sealdesk.provisioned_groups: select
sealdesk.provisioned_members: select
sealdesk.provisioned_people: select
sealdesk.publish_notice(): execute
sealdesk.purge_expired(): execute
sealdesk.purge_sealed(): execute
sealdesk.recovery_codes: delete insert select
sealdesk.release_hold(): execute
sealdesk.replace_password(): execute
sealdesk.report_appeals: insert(appealed_at_ms,report,tenant) select update(decided_at_ms,decided_by,outcome,reason)
sealdesk.report_decisions: insert select
sealdesk.reported_messages: insert select update(sealed)
sealdesk.reports: insert(conversation,disclosed_until_ms,id,reason,reported,reporter,subject,submitted_at_ms,tenant) select update(destroyed_at_ms,disclosed_until_ms)
sealdesk.request_links: insert(link_hash,made_at_ms,request,tenant) select update(revoked_at_ms)
sealdesk.request_receipts: insert select
sealdesk.request_rules: insert select
sealdesk.requests: insert select update(citation,extended_at_ms,extension_reason,law,received_at_ms,refusal_ground,rules_version)
sealdesk.restricted_conversations: insert select
sealdesk.restrictions: insert(case_id,conversations,law,placed_by,request,subject,tenant) select update(lifts_at_ms)
sealdesk.retention_locks: insert select update(citation,days,set_at_ms,set_by)
sealdesk.retention_takes_effect(): execute
sealdesk.retention_versions: insert(approval,begins_at_ms,hash,rules,saved_at_ms,saved_by,tenant,version) select
sealdesk.sanctions: insert select update(until_ms)
sealdesk.sender_keys: insert select
sealdesk.server_keys: insert(created_at_ms,name,provider,version,wrapped,wrapping_version) select
sealdesk.sessions: delete insert select update(acted_at_ms,factor_at_ms,revoked_at_ms,was_idle)
sealdesk.signed_prekeys: insert select update(id,public_key,signature)
sealdesk.staff_certificates: insert select update(account_key,authority,certificate,from_ms,role,signature,teams,until_ms)
sealdesk.stop_notice(): execute
sealdesk.storage_usage: delete insert select update(bytes,items)
sealdesk.store_generations: insert select update(before,generation)
sealdesk.suppressions: delete select
sealdesk.take_effect(): execute
sealdesk.team_members: select
sealdesk.tenants: select
sealdesk.tenants_with_due_alerts(): execute
sealdesk.tenants_with_ended_break_glass(): execute
sealdesk.tenants_with_overdue_erasures(): execute
sealdesk.tenants_with_overdue_matches(): execute
sealdesk.totp_factors: delete insert select update(confirmed_at_ms,created_at_ms,last_step,secret,wrong_codes)
sealdesk.update_provider_account(): execute
sealdesk.users: insert(anonymous_key,created_at_ms,id,subject_index,tenant) select update(account_key,fenced_at_ms)
sealdesk_migrations.migrations: select
`;

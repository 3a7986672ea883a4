import { createTestDatabase } from "../../support/database.ts";

/**
 * Every column that can hold bytes or text, with what keeps it from holding what devices sealed, or what
 * seals it once more. docs/keys.md, "What is sealed and what is not", says why of each group.
 */
const sealed = [
  "sealdesk.attachments.tail",
  // Of messages; membership events hold no content.
  "sealdesk.events.ciphertext",
  // Key packets and packets of history grants.
  "sealdesk.packets.bytes",
  "sealdesk.identity_providers.client_secret",
  "sealdesk.provisioned_people.attributes",
  // What people call their passkeys.
  "sealdesk.passkeys.name",
  // Secrets of authenticator apps.
  "sealdesk.totp_factors.secret",
  "sealdesk.users.display_name",
  "sealdesk.users.username",
];
const sealedByDevicesAlone = ["sealdesk.link_requests.sealed"];
const publicKeysAndSignatures = [
  "sealdesk.authority_entries.public_key",
  "sealdesk.conversations.creation_signature",
  "sealdesk.device_lists.signature",
  "sealdesk.devices.certificate",
  "sealdesk.devices.device_key",
  "sealdesk.devices.identity_key",
  "sealdesk.devices.receipt_key",
  "sealdesk.link_requests.device_key",
  "sealdesk.link_requests.ephemeral_key",
  "sealdesk.one_time_prekeys.public_key",
  "sealdesk.one_time_prekeys.signature",
  "sealdesk.passkeys.credential_id",
  "sealdesk.passkeys.public_key",
  "sealdesk.signed_prekeys.public_key",
  "sealdesk.signed_prekeys.signature",
  "sealdesk.staff_certificates.account_key",
  "sealdesk.staff_certificates.certificate",
  "sealdesk.staff_certificates.signature",
  "sealdesk.users.account_key",
];
const digestsAndCommitments = [
  "audit.recorded_settings.tag",
  "sealdesk.approvals.parameters_hash",
  "sealdesk.attachments.sha256",
  "sealdesk.answered_challenges.challenge_hash",
  "sealdesk.api_keys.secret_hash",
  "sealdesk.api_requests.idempotency_hash",
  "sealdesk.api_requests.request_hash",
  "sealdesk.audit_monitors.token_hash",
  "sealdesk.consents.receipt_digest",
  "sealdesk.events.commitment",
  "sealdesk.events.franking_tag",
  "sealdesk.events.previous_hash",
  "sealdesk.events.transcript_hash",
  "sealdesk.history_grants.receipt_digest",
  "sealdesk.one_time_prekeys.digest",
  "sealdesk.password_resets.token_hash",
  "sealdesk.provider_logouts.identity_indexes",
  "sealdesk.provider_logouts.provider_session",
  "sealdesk.provider_logouts.token",
  "sealdesk.recovery_codes.code_hash",
  "sealdesk.holds.commitment",
  "sealdesk.policy_versions.hash",
  "sealdesk.provisioned_people.identity_index",
  "sealdesk.provisioned_people.user_name_index",
  "sealdesk.sessions.device_key_thumbprint",
  "sealdesk.sessions.network",
  "sealdesk.sessions.provider_session",
  "sealdesk.users.anonymous_key",
  "sealdesk.users.identity_index",
  "sealdesk.users.password_hash",
  "sealdesk.users.subject_index",
  "sealdesk.users.username_index",
];
const wrappedByTheKeyService = [
  "keystore.scope_keys.wrapped",
  "keystore.subject_keys.wrapped",
  "sealdesk.server_keys.wrapped",
];
const madeByTheServer = [
  "audit.checkpoints.note",
  "audit.restores.note",
  "audit.restores.origin",
  "audit.cosignatures.key_id",
  "audit.cosignatures.signature",
  "audit.cosignatures.witness",
  "audit.entries.entry",
  "audit.entries.leaf_hash",
  "audit.index_postings.places",
  "audit.logs.origin",
  "audit.pending.leaf_hash",
  "audit.personal_fields.field",
  "audit.personal_fields.salt",
  "audit.personal_fields.value",
  "audit.recorded_migrations.name",
  "audit.recorded_settings.name",
  "audit.recorded_settings.shown",
  "audit.repeats.account",
  "audit.sink_positions.sink",
  "audit.repeats.actor_id",
  "audit.tiles.hashes",
  "audit.trees.root",
  "sealdesk.alerts.acknowledged_by",
  "sealdesk.alerts.actor",
  "sealdesk.alerts.resource",
  "sealdesk.approval_answers.approver",
  "sealdesk.approvals.parameters",
  "sealdesk.approvals.refused_by",
  "sealdesk.break_glass.ended_by",
  "sealdesk.break_glass.reviewed_by",
  "sealdesk.deferred_erasures.attended_by",
  "sealdesk.holds.citation",
  "sealdesk.holds.matter",
  "sealdesk.holds.placed_by",
  "sealdesk.holds.salt",
  "sealdesk.approvals.reason",
  "sealdesk.approvals.requester",
  "sealdesk.approvals.approver",
  "sealdesk.attachments.salt",
  "sealdesk.api_keys.id",
  "sealdesk.api_keys.name",
  "sealdesk.api_keys.scopes",
  "sealdesk.api_requests.answer",
  "sealdesk.api_requests.api_key",
  "sealdesk.audit_monitors.name",
  "sealdesk.identity_providers.client_id",
  "sealdesk.identity_providers.groups_claim",
  "sealdesk.identity_providers.issuer",
  "sealdesk.identity_providers.metadata",
  "sealdesk.identity_providers.name",
  "sealdesk.identity_providers.redirect_uris",
  "sealdesk.identity_providers.roles",
  "sealdesk.identity_providers.scope",
  "sealdesk.network_salts.salt",
  "sealdesk.passkeys.rp_id",
  "sealdesk.policy_versions.changes",
  "sealdesk.provisioned_groups.display_name",
  "sealdesk.provisioned_groups.external_id",
  "sealdesk.server_keys.name",
  "sealdesk.server_keys.provider",
  "sealdesk.tenants.customer_jwks_url",
  "sealdesk.tenants.customer_keys",
  "sealdesk.tenants.name",
  "sealdesk.tenants.origins",
  "sealdesk.tenants.revoked_customer_kids",
  "sealdesk.tenants.second_factor_roles",
  "sealdesk.tenants.slug",
  "sealdesk.users.disabled_by",
];
const oneOfAFewWords = [
  "sealdesk.alerts.action",
  "sealdesk.alerts.resource_kind",
  "sealdesk.approvals.action",
  "sealdesk.break_glass.finding",
  "audit.repeats.action",
  "audit.repeats.actor_kind",
  "audit.repeats.class",
  "audit.repeats.outcome",
  "audit.repeats.reason",
  "sealdesk.attachments.state",
  "sealdesk.authority_entries.change",
  "sealdesk.consents.purpose",
  "sealdesk.consents.state",
  "sealdesk.conversations.state",
  "sealdesk.conversations.suite",
  "sealdesk.identity_providers.accounts",
  "sealdesk.identity_providers.subject_claim",
  "sealdesk.link_requests.state",
  "sealdesk.members.role",
  "sealdesk.one_time_prekeys.kind",
  "sealdesk.passkeys.transports",
  "sealdesk.sessions.method",
  "sealdesk.signed_prekeys.kind",
  "sealdesk.staff_certificates.role",
  "sealdesk.storage_usage.kind",
  "sealdesk.users.role",
];
const listed = [
  ...sealed,
  ...sealedByDevicesAlone,
  ...publicKeysAndSignatures,
  ...digestsAndCommitments,
  ...wrappedByTheKeyService,
  ...madeByTheServer,
  ...oneOfAFewWords,
];

const COLUMNS = `
  select n.nspname || '.' || c.relname || '.' || a.attname as name
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('sealdesk', 'audit', 'keystore') and c.relkind in ('r', 'p')
    and not c.relispartition and a.attnum > 0 and not a.attisdropped
    and a.atttypid::regtype::text ~ '^(bytea|text|json|jsonb|character|xml|bit|hstore)'
  order by name`;

test("every column that can hold what devices made is sealed, or listed with the reason why not", async () => {
  const database = await createTestDatabase();
  const { rows } = await database.owner.query<{ name: string }>(COLUMNS);
  await database.drop();
  expect(rows.map(({ name }) => name).toSorted()).toEqual(listed.toSorted());
});

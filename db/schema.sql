-- Made by `npm run schema` from the migrations. Read it; change the migrations.
table audit.checkpoints (
  log uuid not null,
  size bigint not null,
  note text not null
)
  row level security
  CREATE TRIGGER checkpoints_are_final BEFORE DELETE OR UPDATE ON audit.checkpoints FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER checkpoints_stay BEFORE TRUNCATE ON audit.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint checkpoints_log_size_fkey FOREIGN KEY (log, size) REFERENCES audit.trees(log, size)
  constraint checkpoints_pkey PRIMARY KEY (log, size)
  grant insert to sealdesk_integrator
  grant select to sealdesk_app
  grant select to sealdesk_integrator
  policy integrator for * using (true)
  policy keys for r using ((log = audit.key_log(sealdesk.current_tenant())))
  policy tenant for r using ((log = sealdesk.current_tenant()))

table audit.cosignatures (
  log uuid not null,
  size bigint not null,
  witness text not null,
  signature bytea not null,
  key_id bytea not null generated always as (SUBSTRING(signature FROM 1 FOR 4)) stored
)
  row level security
  CREATE INDEX cosignatures_log_witness_size_idx ON audit.cosignatures USING btree (log, witness, size)
  CREATE TRIGGER cosignatures_are_final BEFORE DELETE OR UPDATE ON audit.cosignatures FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER cosignatures_stay BEFORE TRUNCATE ON audit.cosignatures FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint cosignatures_log_size_fkey FOREIGN KEY (log, size) REFERENCES audit.checkpoints(log, size)
  constraint cosignatures_pkey PRIMARY KEY (log, size, witness, key_id)
  constraint cosignatures_signature_check CHECK ((length(signature) = 76))
  constraint cosignatures_witness_check CHECK ((witness ~ '^[!-*,-~]{1,200}$'::text))
  grant insert to sealdesk_integrator
  grant select to sealdesk_app
  grant select to sealdesk_integrator
  policy integrator for * using (true)
  policy keys for r using ((log = audit.key_log(sealdesk.current_tenant())))
  policy tenant for r using ((log = sealdesk.current_tenant()))

table audit.entries (
  id bigint not null generated always as identity,
  tenant uuid not null,
  entry bytea not null,
  leaf_hash bytea generated always as (sha256(('\x00'::bytea || entry))) stored
)
  row level security
  CREATE TRIGGER entries_are_final BEFORE UPDATE ON audit.entries FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER entries_are_kept BEFORE DELETE ON audit.entries FOR EACH ROW EXECUTE FUNCTION audit.refuse_unpruned() -- enabled A
  CREATE TRIGGER entries_await_integration AFTER INSERT ON audit.entries FOR EACH ROW EXECUTE FUNCTION audit.await_integration() -- enabled A
  CREATE TRIGGER entries_stay BEFORE TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint entries_entry_check CHECK ((length(entry) <= 65535))
  constraint entries_pkey PRIMARY KEY (id)
  grant insert (entry, tenant) to sealdesk_app
  grant insert (entry, tenant) to sealdesk_integrator
  grant select to sealdesk_app
  policy keys for * using ((tenant = audit.key_log(sealdesk.current_tenant()))) with check ((tenant = audit.key_log(sealdesk.current_tenant())))
  policy operator for a using () with check ((tenant = '00000000-0000-0000-0000-000000000000'::uuid))
  policy tenant for * using ((tenant = sealdesk.current_tenant())) with check (((tenant = sealdesk.current_tenant()) AND (tenant <> '00000000-0000-0000-0000-000000000000'::uuid)))

table audit.leaves (
  log uuid not null,
  index bigint not null,
  entry bigint not null
)
  row level security
  CREATE TRIGGER leaves_are_final BEFORE DELETE OR UPDATE ON audit.leaves FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER leaves_stay BEFORE TRUNCATE ON audit.leaves FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint leaves_entry_key UNIQUE (entry)
  constraint leaves_index_check CHECK ((index >= 0))
  constraint leaves_pkey PRIMARY KEY (log, index)
  grant insert to sealdesk_integrator
  grant select to sealdesk_app
  grant select to sealdesk_integrator
  policy integrator for * using (true)
  policy keys for r using ((log = audit.key_log(sealdesk.current_tenant())))
  policy tenant for r using ((log = sealdesk.current_tenant()))

table audit.logs (
  id uuid not null,
  origin text not null,
  minimum_index bigint not null default 0
)
  row level security
  CREATE TRIGGER logs_are_kept BEFORE DELETE ON audit.logs FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER logs_are_only_pruned BEFORE UPDATE ON audit.logs FOR EACH ROW EXECUTE FUNCTION audit.refuse_all_but_pruning() -- enabled A
  CREATE TRIGGER logs_stay BEFORE TRUNCATE ON audit.logs FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint logs_minimum_index_check CHECK (((minimum_index >= 0) AND ((minimum_index % (256)::bigint) = 0)))
  constraint logs_origin_check CHECK ((origin ~ '^[a-z0-9.:/-]{1,200}$'::text))
  constraint logs_origin_key UNIQUE (origin)
  constraint logs_pkey PRIMARY KEY (id)
  grant insert (id, origin) to sealdesk_integrator
  grant select to sealdesk_app
  grant select to sealdesk_integrator
  policy integrator for * using (true)
  policy keys for r using ((id = audit.key_log(sealdesk.current_tenant())))
  policy tenant for r using ((id = sealdesk.current_tenant()))

table audit.pending (
  entry bigint not null,
  log uuid not null,
  leaf_hash bytea not null,
  since timestamp with time zone not null default now()
) with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_insert_threshold=-1)
  row level security
  CREATE TRIGGER pending_are_final BEFORE UPDATE ON audit.pending FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER pending_are_placed AFTER DELETE ON audit.pending REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_unplaced() -- enabled A
  CREATE TRIGGER pending_stay BEFORE TRUNCATE ON audit.pending FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint pending_pkey PRIMARY KEY (entry)
  grant delete to sealdesk_integrator
  grant select to sealdesk_integrator
  policy integrator for * using (true)

table audit.personal_fields (
  tenant uuid not null,
  event uuid not null,
  field text not null,
  salt bytea not null,
  value bytea not null,
  subject uuid not null
)
  row level security
  CREATE INDEX personal_fields_tenant_subject_idx ON audit.personal_fields USING btree (tenant, subject)
  constraint personal_fields_pkey PRIMARY KEY (tenant, event, field)
  constraint personal_fields_salt_check CHECK ((length(salt) = 16))
  grant delete to sealdesk_app
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table audit.tiles (
  log uuid not null,
  level smallint not null,
  index bigint not null,
  hashes bytea not null
)
  row level security
  CREATE TRIGGER tiles_are_kept BEFORE DELETE ON audit.tiles FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER tiles_only_grow BEFORE UPDATE ON audit.tiles FOR EACH ROW EXECUTE FUNCTION audit.refuse_all_but_growth() -- enabled A
  CREATE TRIGGER tiles_stay BEFORE TRUNCATE ON audit.tiles FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint tiles_hashes_check CHECK ((((length(hashes) >= 32) AND (length(hashes) <= 8192)) AND ((length(hashes) % 32) = 0)))
  constraint tiles_index_check CHECK ((index >= 0))
  constraint tiles_level_check CHECK (((level >= 0) AND (level <= 63)))
  constraint tiles_log_fkey FOREIGN KEY (log) REFERENCES audit.logs(id)
  constraint tiles_pkey PRIMARY KEY (log, level, index)
  grant insert to sealdesk_integrator
  grant select to sealdesk_app
  grant select to sealdesk_integrator
  grant update (hashes) to sealdesk_integrator
  policy integrator for * using (true)
  policy keys for r using ((log = audit.key_log(sealdesk.current_tenant())))
  policy tenant for r using ((log = sealdesk.current_tenant()))

table audit.trees (
  log uuid not null,
  size bigint not null,
  root bytea not null,
  at timestamp with time zone not null default now()
)
  row level security
  CREATE TRIGGER trees_are_final BEFORE DELETE OR UPDATE ON audit.trees FOR EACH ROW EXECUTE FUNCTION audit.refuse_change() -- enabled A
  CREATE TRIGGER trees_stay BEFORE TRUNCATE ON audit.trees FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change() -- enabled A
  constraint trees_log_fkey FOREIGN KEY (log) REFERENCES audit.logs(id)
  constraint trees_pkey PRIMARY KEY (log, size)
  constraint trees_root_check CHECK ((length(root) = 32))
  constraint trees_size_check CHECK ((size > 0))
  grant insert to sealdesk_integrator
  grant select to sealdesk_app
  grant select to sealdesk_integrator
  policy integrator for * using (true)
  policy keys for r using ((log = audit.key_log(sealdesk.current_tenant())))
  policy tenant for r using ((log = sealdesk.current_tenant()))

table keystore.keks (
  tenant uuid not null,
  oldest_version integer not null default 1,
  destroyed_before integer not null default 1
)
  row level security
  constraint keks_check CHECK ((destroyed_before <= oldest_version))
  constraint keks_oldest_version_check CHECK ((oldest_version >= 1))
  constraint keks_pkey PRIMARY KEY (tenant)
  grant insert to sealdesk_keystore
  grant select to sealdesk_keystore
  grant update (destroyed_before, oldest_version) to sealdesk_keystore
  policy tenant for * using ((tenant = keystore.current_tenant()))

table keystore.scope_keys (
  id uuid not null,
  tenant uuid not null,
  subject uuid not null,
  conversation uuid not null,
  author uuid not null,
  period integer not null,
  wrapped bytea,
  created_at_ms bigint not null,
  destroyed_at_ms bigint
)
  row level security
  CREATE INDEX scope_keys_by_subject ON keystore.scope_keys USING btree (tenant, subject)
  CREATE TRIGGER scope_keys_kept BEFORE UPDATE ON keystore.scope_keys FOR EACH ROW EXECUTE FUNCTION keystore.keep_scope_key() -- enabled O
  CREATE TRIGGER scope_subjects BEFORE INSERT ON keystore.scope_keys FOR EACH ROW EXECUTE FUNCTION keystore.insist_on_subject() -- enabled O
  CREATE TRIGGER scope_tombstones BEFORE DELETE OR UPDATE ON keystore.scope_keys FOR EACH ROW EXECUTE FUNCTION keystore.keep_tombstone() -- enabled O
  constraint scope_keys_check CHECK (((wrapped IS NULL) = (destroyed_at_ms IS NOT NULL)))
  constraint scope_keys_pkey PRIMARY KEY (id)
  constraint scope_keys_tenant_conversation_author_period_key UNIQUE (tenant, conversation, author, period)
  constraint scope_keys_tenant_subject_fkey FOREIGN KEY (tenant, subject) REFERENCES keystore.subject_keys(tenant, subject)
  grant insert to sealdesk_keystore
  grant select to sealdesk_keystore
  grant update (destroyed_at_ms, wrapped) to sealdesk_keystore
  policy tenant for * using ((tenant = keystore.current_tenant()))

table keystore.subject_keys (
  tenant uuid not null,
  subject uuid not null,
  kek_version integer not null,
  wrapped bytea,
  created_at_ms bigint not null,
  destroyed_at_ms bigint
)
  row level security
  CREATE INDEX subject_keys_by_kek ON keystore.subject_keys USING btree (tenant, kek_version) WHERE (wrapped IS NOT NULL)
  CREATE TRIGGER subject_tombstones BEFORE DELETE OR UPDATE ON keystore.subject_keys FOR EACH ROW EXECUTE FUNCTION keystore.keep_tombstone() -- enabled O
  constraint subject_keys_check CHECK (((wrapped IS NULL) = (destroyed_at_ms IS NOT NULL)))
  constraint subject_keys_kek_version_check CHECK ((kek_version >= 1))
  constraint subject_keys_pkey PRIMARY KEY (tenant, subject)
  grant insert to sealdesk_keystore
  grant select to sealdesk_keystore
  grant update (destroyed_at_ms, kek_version, wrapped) to sealdesk_keystore
  policy tenant for * using ((tenant = keystore.current_tenant()))

table sealdesk.attachment_references (
  tenant uuid not null,
  attachment uuid not null,
  conversation uuid not null
)
  row level security
  CREATE INDEX attachment_references_conversation_idx ON sealdesk.attachment_references USING btree (conversation)
  constraint attachment_references_attachment_fkey FOREIGN KEY (attachment) REFERENCES sealdesk.attachments(id) ON DELETE CASCADE
  constraint attachment_references_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint attachment_references_pkey PRIMARY KEY (attachment, conversation)
  constraint attachment_references_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant delete to sealdesk_app
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.attachments (
  id uuid not null,
  tenant uuid not null,
  conversation uuid not null,
  uploader uuid not null,
  device uuid not null,
  size bigint not null,
  state text not null default 'uploading'::text,
  sha256 bytea,
  seq bigint,
  created_at_ms bigint not null,
  expires_at_ms bigint not null,
  key_id uuid not null
)
  row level security
  CREATE INDEX attachments_conversation_idx ON sealdesk.attachments USING btree (conversation)
  CREATE INDEX attachments_device_idx ON sealdesk.attachments USING btree (device)
  CREATE INDEX attachments_tenant_state_idx ON sealdesk.attachments USING btree (tenant, state)
  constraint attachments_check CHECK (((state <> 'complete'::text) OR ((sha256 IS NOT NULL) AND (seq IS NOT NULL))))
  constraint attachments_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint attachments_device_fkey FOREIGN KEY (device) REFERENCES sealdesk.devices(id)
  constraint attachments_pkey PRIMARY KEY (id)
  constraint attachments_sha256_check CHECK ((length(sha256) = 32))
  constraint attachments_size_check CHECK ((size > 0))
  constraint attachments_state_check CHECK ((state = ANY (ARRAY['uploading'::text, 'complete'::text, 'deleting'::text])))
  constraint attachments_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint attachments_uploader_fkey FOREIGN KEY (uploader) REFERENCES sealdesk.users(id)
  grant delete to sealdesk_app
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (seq, sha256, state) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.audited_heads (
  tenant uuid not null,
  conversation uuid not null,
  seq bigint not null
) with (fillfactor=50)
  row level security
  constraint audited_heads_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint audited_heads_pkey PRIMARY KEY (conversation)
  constraint audited_heads_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (seq) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.consents (
  id uuid not null,
  tenant uuid not null,
  conversation uuid not null,
  user_id uuid not null,
  purpose text not null,
  state text not null,
  seq bigint not null,
  receipt_digest bytea not null
)
  row level security
  CREATE UNIQUE INDEX consents_conversation_user_id_purpose_seq_idx ON sealdesk.consents USING btree (conversation, user_id, purpose, seq)
  constraint consents_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint consents_pkey PRIMARY KEY (id)
  constraint consents_purpose_check CHECK ((purpose = 'history_sharing'::text))
  constraint consents_receipt_digest_check CHECK ((length(receipt_digest) = 32))
  constraint consents_state_check CHECK ((state = ANY (ARRAY['given'::text, 'withdrawn'::text])))
  constraint consents_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.conversations (
  id uuid not null,
  tenant uuid not null,
  suite text not null,
  state text not null default 'open'::text,
  created_by uuid not null,
  creation_device uuid not null,
  creation_signature bytea not null,
  created_at_ms bigint not null
)
  row level security
  CREATE INDEX conversations_tenant_created_at_ms_idx ON sealdesk.conversations USING btree (tenant, created_at_ms)
  constraint conversations_created_by_fkey FOREIGN KEY (created_by) REFERENCES sealdesk.users(id)
  constraint conversations_creation_device_fkey FOREIGN KEY (creation_device) REFERENCES sealdesk.devices(id)
  constraint conversations_creation_signature_check CHECK ((length(creation_signature) = 64))
  constraint conversations_pkey PRIMARY KEY (id)
  constraint conversations_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text])))
  constraint conversations_suite_check CHECK ((suite = ANY (ARRAY['signal-v1'::text, 'mls-v1'::text])))
  constraint conversations_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (state) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.cursors (
  tenant uuid not null,
  conversation uuid not null,
  device uuid not null,
  seq bigint not null
) with (fillfactor=50)
  row level security
  constraint cursors_pkey PRIMARY KEY (conversation, device)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (seq) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.devices (
  id uuid not null,
  tenant uuid not null,
  user_id uuid not null,
  registration_id integer not null,
  device_key bytea not null,
  identity_key bytea not null,
  receipt_key bytea not null,
  certificate bytea not null,
  created_at_ms bigint not null,
  revoked_at_ms bigint
)
  row level security
  CREATE INDEX devices_user_id_idx1 ON sealdesk.devices USING btree (user_id)
  constraint devices_certificate_check CHECK ((length(certificate) = 64))
  constraint devices_device_key_check CHECK ((length(device_key) = 32))
  constraint devices_identity_key_check CHECK ((length(identity_key) = 33))
  constraint devices_pkey PRIMARY KEY (id)
  constraint devices_receipt_key_check CHECK ((length(receipt_key) = 32))
  constraint devices_tenant_device_key_key UNIQUE (tenant, device_key)
  constraint devices_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (revoked_at_ms) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.epochs (
  tenant uuid not null,
  conversation uuid not null,
  epoch integer not null,
  from_seq bigint not null,
  devices uuid[] not null
)
  row level security
  constraint epochs_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint epochs_pkey PRIMARY KEY (conversation, epoch)
  constraint epochs_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.events (
  tenant uuid not null,
  conversation uuid not null,
  seq bigint not null,
  kind smallint not null,
  sender_device uuid not null,
  epoch integer not null,
  key_id uuid not null,
  client_message_id uuid not null,
  received_at_ms bigint not null,
  ciphertext bytea not null,
  commitment bytea not null,
  franking_tag bytea not null,
  transcript_hash bytea not null
) partition by RANGE (received_at_ms)
  row level security
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.history_grants (
  id uuid not null,
  tenant uuid not null,
  conversation uuid not null,
  grantor uuid not null,
  recipient uuid not null,
  devices uuid[] not null,
  from_seq bigint not null,
  to_seq bigint not null,
  seq bigint not null,
  receipt_digest bytea not null
)
  row level security
  constraint history_grants_check CHECK ((to_seq >= from_seq))
  constraint history_grants_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint history_grants_grantor_fkey FOREIGN KEY (grantor) REFERENCES sealdesk.users(id)
  constraint history_grants_pkey PRIMARY KEY (id)
  constraint history_grants_receipt_digest_check CHECK ((length(receipt_digest) = 32))
  constraint history_grants_recipient_fkey FOREIGN KEY (recipient) REFERENCES sealdesk.users(id)
  constraint history_grants_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.history_packs (
  attachment uuid not null,
  tenant uuid not null,
  history_grant uuid not null
)
  row level security
  constraint history_packs_attachment_fkey FOREIGN KEY (attachment) REFERENCES sealdesk.attachments(id) ON DELETE CASCADE
  constraint history_packs_history_grant_fkey FOREIGN KEY (history_grant) REFERENCES sealdesk.history_grants(id)
  constraint history_packs_pkey PRIMARY KEY (attachment)
  constraint history_packs_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant delete to sealdesk_app
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.key_entries (
  tenant uuid not null,
  user_id uuid not null,
  version integer not null,
  entry bigint not null
)
  row level security
  constraint key_entries_entry_key UNIQUE (entry)
  constraint key_entries_pkey PRIMARY KEY (user_id, version)
  constraint key_entries_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint key_entries_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  constraint key_entries_version_check CHECK ((version > 0))
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.link_requests (
  id uuid not null,
  tenant uuid not null,
  user_id uuid not null,
  device uuid not null,
  device_key bytea not null,
  ephemeral_key bytea not null,
  state text not null default 'pending'::text,
  sibling uuid,
  sealed bytea,
  created_at_ms bigint not null,
  expires_at_ms bigint not null
)
  row level security
  CREATE INDEX link_requests_tenant_expires_at_ms_idx ON sealdesk.link_requests USING btree (tenant, expires_at_ms)
  CREATE INDEX link_requests_user_id_idx ON sealdesk.link_requests USING btree (user_id)
  constraint link_requests_check CHECK (((state = 'pending'::text) = (sibling IS NULL)))
  constraint link_requests_check1 CHECK (((state = 'approved'::text) = (sealed IS NOT NULL)))
  constraint link_requests_device_key_check CHECK ((length(device_key) = 32))
  constraint link_requests_ephemeral_key_check CHECK ((length(ephemeral_key) = 32))
  constraint link_requests_pkey PRIMARY KEY (id)
  constraint link_requests_sealed_check CHECK ((length(sealed) <= 131072))
  constraint link_requests_sibling_fkey FOREIGN KEY (sibling) REFERENCES sealdesk.devices(id)
  constraint link_requests_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'refused'::text])))
  constraint link_requests_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint link_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  grant delete to sealdesk_app
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (sealed, sibling, state) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.member_devices (
  tenant uuid not null,
  conversation uuid not null,
  device uuid not null,
  user_id uuid not null,
  from_seq bigint not null,
  until_seq bigint
)
  row level security
  CREATE INDEX member_devices_device_idx ON sealdesk.member_devices USING btree (device)
  CREATE UNIQUE INDEX member_devices_conversation_device_idx ON sealdesk.member_devices USING btree (conversation, device) WHERE (until_seq IS NULL)
  constraint member_devices_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint member_devices_device_fkey FOREIGN KEY (device) REFERENCES sealdesk.devices(id)
  constraint member_devices_pkey PRIMARY KEY (conversation, device, from_seq)
  constraint member_devices_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint member_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (until_seq) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.members (
  tenant uuid not null,
  conversation uuid not null,
  user_id uuid not null,
  role text not null,
  from_seq bigint not null,
  until_seq bigint
)
  row level security
  CREATE INDEX members_user_id_idx ON sealdesk.members USING btree (user_id)
  CREATE UNIQUE INDEX members_conversation_user_id_idx ON sealdesk.members USING btree (conversation, user_id) WHERE (until_seq IS NULL)
  constraint members_conversation_fkey FOREIGN KEY (conversation) REFERENCES sealdesk.conversations(id)
  constraint members_pkey PRIMARY KEY (conversation, user_id, from_seq)
  constraint members_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint members_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (until_seq) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.one_time_prekeys (
  tenant uuid not null,
  device uuid not null,
  kind text not null,
  id bigint not null,
  public_key bytea,
  signature bytea,
  digest bytea not null
)
  row level security
  CREATE INDEX one_time_prekeys_device_kind_id_idx ON sealdesk.one_time_prekeys USING btree (device, kind, id) WHERE (public_key IS NOT NULL)
  constraint one_time_prekeys_device_fkey FOREIGN KEY (device) REFERENCES sealdesk.devices(id)
  constraint one_time_prekeys_kind_check CHECK ((kind = ANY (ARRAY['ec'::text, 'kyber'::text])))
  constraint one_time_prekeys_pkey PRIMARY KEY (device, kind, id)
  constraint one_time_prekeys_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.packets (
  tenant uuid not null,
  conversation uuid not null,
  seq bigint not null,
  device uuid not null,
  received_at_ms bigint not null,
  bytes bytea not null
) partition by RANGE (received_at_ms)
  row level security
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.sender_keys (
  tenant uuid not null,
  conversation uuid not null,
  key_id uuid not null,
  device uuid not null,
  epoch integer not null,
  first_seq bigint not null,
  started_at_ms bigint not null
)
  row level security
  constraint sender_keys_pkey PRIMARY KEY (conversation, key_id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.server_keys (
  name text not null,
  version integer not null,
  provider text not null,
  wrapping_version integer not null,
  wrapped bytea,
  created_at_ms bigint not null,
  retired_at_ms bigint,
  serves_until_ms bigint,
  destroyed_at_ms bigint
)
  CREATE UNIQUE INDEX server_keys_active ON sealdesk.server_keys USING btree (name) WHERE (retired_at_ms IS NULL)
  constraint server_keys_check CHECK (((wrapped IS NULL) = (destroyed_at_ms IS NOT NULL)))
  constraint server_keys_check1 CHECK (((retired_at_ms IS NOT NULL) OR ((serves_until_ms IS NULL) AND (destroyed_at_ms IS NULL))))
  constraint server_keys_name_check CHECK ((name = ANY (ARRAY['tokens'::text, 'franking'::text, 'blind-index'::text])))
  constraint server_keys_pkey PRIMARY KEY (name, version)
  constraint server_keys_provider_check CHECK ((provider = ANY (ARRAY['local'::text, 'vault'::text, 'pkcs11'::text])))
  constraint server_keys_version_check CHECK ((version >= 1))
  constraint server_keys_wrapped_check CHECK ((length(wrapped) = 60))
  constraint server_keys_wrapping_version_check CHECK ((wrapping_version >= 1))
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (destroyed_at_ms, provider, retired_at_ms, serves_until_ms, wrapped, wrapping_version) to sealdesk_app

table sealdesk.sessions (
  id uuid not null,
  tenant uuid not null,
  user_id uuid not null,
  device_key_thumbprint text not null,
  method text not null,
  created_at_ms bigint not null,
  expires_at_ms bigint not null,
  revoked_at_ms bigint
)
  row level security
  constraint sessions_method_check CHECK ((method = ANY (ARRAY['password'::text, 'customer_token'::text])))
  constraint sessions_pkey PRIMARY KEY (id)
  constraint sessions_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES sealdesk.users(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (revoked_at_ms) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.signed_prekeys (
  tenant uuid not null,
  device uuid not null,
  kind text not null,
  id bigint not null,
  public_key bytea not null,
  signature bytea not null
)
  row level security
  constraint signed_prekeys_device_fkey FOREIGN KEY (device) REFERENCES sealdesk.devices(id)
  constraint signed_prekeys_kind_check CHECK ((kind = ANY (ARRAY['ec'::text, 'kyber_last_resort'::text])))
  constraint signed_prekeys_pkey PRIMARY KEY (device, kind)
  constraint signed_prekeys_signature_check CHECK ((length(signature) = 64))
  constraint signed_prekeys_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

table sealdesk.tenants (
  id uuid not null,
  slug text not null,
  name text not null,
  customer_keys jsonb not null default '{"keys": []}'::jsonb,
  key_max_messages integer not null default 100,
  key_max_age_ms integer not null default 3600000,
  created_at_ms bigint not null,
  suspended_at_ms bigint,
  attachment_max_bytes bigint not null default 104857600,
  attachment_conversation_bytes bigint not null default '2147483648'::bigint,
  attachment_device_bytes bigint not null default '5368709120'::bigint,
  attachment_tenant_bytes bigint not null default '107374182400'::bigint,
  staff_history_grants boolean not null default false
)
  constraint tenants_attachment_conversation_bytes_check CHECK ((attachment_conversation_bytes > 0))
  constraint tenants_attachment_device_bytes_check CHECK ((attachment_device_bytes > 0))
  constraint tenants_attachment_max_bytes_check CHECK (((attachment_max_bytes >= 1) AND (attachment_max_bytes <= '1099511627776'::bigint)))
  constraint tenants_attachment_tenant_bytes_check CHECK ((attachment_tenant_bytes > 0))
  constraint tenants_key_max_age_ms_check CHECK (((key_max_age_ms >= 1000) AND (key_max_age_ms <= 604800000)))
  constraint tenants_key_max_messages_check CHECK (((key_max_messages >= 1) AND (key_max_messages <= 10000)))
  constraint tenants_pkey PRIMARY KEY (id)
  constraint tenants_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
  constraint tenants_slug_key UNIQUE (slug)
  grant select (id, slug) to sealdesk_integrator
  grant select to sealdesk_app

table sealdesk.users (
  id uuid not null,
  tenant uuid not null,
  role text not null,
  password_hash text,
  subject_index bytea,
  account_key bytea,
  created_at_ms bigint not null,
  username_index bytea,
  username bytea,
  display_name bytea
)
  row level security
  constraint users_account_key_check CHECK ((length(account_key) = 32))
  constraint users_pkey PRIMARY KEY (id)
  constraint users_role_check CHECK ((role = ANY (ARRAY['customer'::text, 'agent'::text, 'supervisor'::text, 'admin'::text, 'bot'::text, 'auditor'::text, 'compliance_officer'::text])))
  constraint users_subject_index_check CHECK ((length(subject_index) = 32))
  constraint users_tenant_fkey FOREIGN KEY (tenant) REFERENCES sealdesk.tenants(id)
  constraint users_tenant_subject_index_key UNIQUE (tenant, subject_index)
  constraint users_tenant_username_index_key UNIQUE (tenant, username_index)
  constraint users_username_index_check CHECK ((length(username_index) = 32))
  grant insert to sealdesk_app
  grant select to sealdesk_app
  grant update (account_key, display_name, password_hash) to sealdesk_app
  policy tenant for * using ((tenant = sealdesk.current_tenant()))

CREATE OR REPLACE FUNCTION audit.await_integration()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$
begin
  insert into audit.pending (entry, log, leaf_hash) values (new.id, new.tenant, new.leaf_hash);
  return null;
end
$function$

CREATE OR REPLACE FUNCTION keystore.current_tenant()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('sealdesk.tenant'::text, true), ''::text))::uuid

CREATE OR REPLACE FUNCTION sealdesk.current_tenant()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('sealdesk.tenant'::text, true), ''::text))::uuid

CREATE OR REPLACE FUNCTION sealdesk.ensure_partitions(at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'sealdesk', 'pg_temp'
AS $function$
declare
  first timestamptz := date_trunc('month', at, 'UTC');
  suffix text := to_char(first at time zone 'UTC', 'YYYY_MM');
  from_ms bigint := extract(epoch from first) * 1000;
  until_ms bigint := extract(epoch from date_trunc('month', first + interval '32 days', 'UTC')) * 1000;
begin
  if to_regclass('sealdesk.events_' || suffix) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('sealdesk.ensure_partitions'));
  if to_regclass('sealdesk.events_' || suffix) is not null then
    return;
  end if;
  execute format('create table sealdesk.events_%s partition of sealdesk.events for values from (%s) to (%s)', suffix, from_ms, until_ms);
  execute format('create unique index events_%s_seq on sealdesk.events_%s (conversation, seq)', suffix, suffix);
  execute format('create unique index events_%s_message on sealdesk.events_%s (conversation, sender_device, client_message_id) where kind = 1', suffix, suffix);
  execute format('create table sealdesk.packets_%s partition of sealdesk.packets for values from (%s) to (%s)', suffix, from_ms, until_ms);
  execute format('create unique index packets_%s_seq on sealdesk.packets_%s (conversation, device, seq)', suffix, suffix);
end
$function$

CREATE OR REPLACE FUNCTION sealdesk.has_customers()
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'sealdesk', 'pg_temp'
AS $function$ select exists (select from sealdesk.users where subject_index is not null) $function$

CREATE OR REPLACE FUNCTION keystore.insist_on_subject()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform from keystore.subject_keys
    where tenant = new.tenant and subject = new.subject and wrapped is not null for share;
  if not found and new.wrapped is not null then
    raise exception 'the key above is destroyed' using errcode = 'restrict_violation';
  end if;
  return new;
end
$function$

CREATE OR REPLACE FUNCTION keystore.keep_scope_key()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.wrapped is not null and new.wrapped is distinct from old.wrapped then
    raise exception 'a scope key is not replaced' using errcode = 'restrict_violation';
  end if;
  return new;
end
$function$

CREATE OR REPLACE FUNCTION keystore.keep_tombstone()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.destroyed_at_ms is not null and (tg_op = 'DELETE' or new is distinct from old) then
    raise exception 'a destroyed key stays destroyed' using errcode = 'restrict_violation';
  end if;
  return coalesce(new, old);
end
$function$

CREATE OR REPLACE FUNCTION audit.key_log(tenant uuid)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN (encode(SUBSTRING(sha256((('sealdesk/key-log/v1 '::text || (tenant)::text))::bytea) FROM 1 FOR 16), 'hex'::text))::uuid

CREATE OR REPLACE FUNCTION audit.refuse_all_but_growth()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.log, new.level, new.index) = (old.log, old.level, old.index)
    and length(new.hashes) > length(old.hashes)
    and substring(new.hashes for length(old.hashes)) = old.hashes then
    return new;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$function$

CREATE OR REPLACE FUNCTION audit.refuse_all_but_pruning()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (new.id, new.origin) = (old.id, old.origin) and new.minimum_index >= old.minimum_index then
    return new;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$function$

CREATE OR REPLACE FUNCTION audit.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$function$

CREATE OR REPLACE FUNCTION audit.refuse_unplaced()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
begin
  if exists (
    with sizes as materialized (
      select log, (select max(size) from audit.trees where trees.log = logs.log) as size
      from (select distinct log from gone) as logs
    )
    select from gone join sizes on sizes.log = gone.log
    left join audit.leaves on leaves.entry = gone.entry and leaves.log = gone.log
    where leaves.index is null or sizes.size is null or leaves.index >= sizes.size
  ) then
    raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
  end if;
  return null;
end
$function$

CREATE OR REPLACE FUNCTION audit.refuse_unpruned()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (
    select from audit.leaves join audit.logs on logs.id = leaves.log
    where leaves.entry = old.id and leaves.index < logs.minimum_index
  ) then
    return old;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$function$

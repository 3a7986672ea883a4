/**
 * The statements that write the rows of a storm, in the order in which they must run. `$1` is the
 * tenant. Arrays of the same length describe one row each.
 */
export const STATEMENTS = {
  users: `insert into sealdesk.users (id, tenant, role, created_at_ms)
    select id, $1, 'agent', $3 from unnest($2::uuid[]) as id`,
  devices: `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key,
      identity_key, receipt_key, certificate, created_at_ms)
    select d.id, $1, d.user_id, 1, d.key, d.key || '\\x00', d.key, d.key || d.key, $5
    from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as d (id, user_id, key)`,
  sessions: `insert into sealdesk.sessions (id, tenant, user_id, device_key_thumbprint, method,
      created_at_ms, expires_at_ms)
    select s.id, $1, s.user_id, s.thumbprint, 'password', $5::int8, $5::int8 + 43200000
    from unnest($2::uuid[], $3::uuid[], $4::text[]) as s (id, user_id, thumbprint)`,
  conversations: `insert into sealdesk.conversations (id, tenant, suite, created_by, creation_device,
      creation_signature, created_at_ms)
    select c.id, $1, 'signal-v1', c.user_id, c.device, $5, $6
    from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as c (id, user_id, device)`,
  members: `insert into sealdesk.members (tenant, conversation, user_id, role, from_seq)
    select $1, m.conversation, m.user_id, 'agent', 1
    from unnest($2::uuid[], $3::uuid[]) as m (conversation, user_id)`,
  memberDevices: `insert into sealdesk.member_devices (tenant, conversation, device, user_id, from_seq)
    select $1, m.conversation, m.device, m.user_id, 1
    from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as m (conversation, device, user_id)`,
  epochs: `insert into sealdesk.epochs (tenant, conversation, epoch, from_seq, devices)
    select tenant, conversation, 1, 1, array_agg(device) from sealdesk.member_devices
    where tenant = $1 group by tenant, conversation`,
  // The first event lists the members. The messages follow.
  created: `insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
      client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
      previous_hash)
    select $1, e.conversation, 1, 2, e.sender, 1, $5, $5, $6, e.control, $7, $7, $7, $7
    from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as e (conversation, sender, control)`,
  messages: `insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
      client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
      previous_hash)
    select $1, e.conversation, $4::int8, 1, e.sender, 1, gen_random_uuid(), gen_random_uuid(), $5,
      e.sealed, $7, $7, $7, $7
    from unnest($2::uuid[], $3::uuid[], $6::bytea[]) as e (conversation, sender, sealed)`,
} as const;

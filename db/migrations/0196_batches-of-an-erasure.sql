-- Up Migration
set role sealdesk_owner;

-- Removes the sealed bytes of at most `most` messages whose keys were destroyed, and with the last ones the packets that
-- these keys sealed. The place in the log and its hashes stay. The first 17 bytes of a sealed value are its version and
-- the id of its key; zeros take the place of its nonce and its tag. Returns how many; fewer than `most` if none is left.
drop function sealdesk.purge_sealed(uuid[], bytea[]);
create function sealdesk.purge_sealed(conversations uuid[], key_ids bytea[], most integer) returns bigint
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  rest bigint := most;
  of_conversation uuid;
  until_seq bigint;
  changed bigint;
begin
  foreach of_conversation in array conversations loop
    select max(x.seq) into until_seq from (
      select e.seq from events e
      where e.tenant = current_tenant() and e.conversation = of_conversation and e.kind = 1
        and length(e.ciphertext) > 45 and substring(e.ciphertext from 2 for 16) = any(key_ids)
      order by e.seq limit rest) x;
    continue when until_seq is null;
    update events set ciphertext = substring(ciphertext for 17) || decode(repeat('00', 28), 'hex')
      where tenant = current_tenant() and conversation = of_conversation and seq <= until_seq and kind = 1
        and length(ciphertext) > 45 and substring(ciphertext from 2 for 16) = any(key_ids);
    get diagnostics changed = row_count;
    rest := rest - changed;
    if rest <= 0 then return most - rest; end if;
  end loop;
  delete from packets
    where tenant = current_tenant() and conversation = any(conversations)
      and substring(bytes from 2 for 16) = any(key_ids);
  return most - rest;
end
$$;
revoke all on function sealdesk.purge_sealed(uuid[], bytea[], integer) from public;
grant execute on function sealdesk.purge_sealed(uuid[], bytea[], integer) to sealdesk_app;

reset role;

import { RecordedRows } from "../../../identity/reconcile/recorded-rows.ts";
import type { LoggedEntry } from "../../../audit/export/entry-filter.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const user = newId();
const done = (action: string, details: NonNullable<LoggedEntry["details"]> = {}): LoggedEntry => ({
  action,
  actor: { kind: "user", id: newId() },
  class: "U",
  details,
  eventId: newId(),
  occurredAtMs: 1_000,
  outcome: "success",
  resource: { type: "user", id: user },
  tenant: newId(),
});

const factor = `sealdesk.totp_factors ${user} secret (its SHA-256)`;
const confirmed = done("user.confirm_factor", { secretDigest: "ab", codeDigests: ["cd"] });
const codePlace = `sealdesk.recovery_codes ${user} cd`;
const webhook = done("alert.set_webhook", { host: "siem.example", urlHash: "ab" });
const passkey = newId();
const passkeyPlace = `sealdesk.passkeys ${user} ${passkey}`;
const addPasskey = done("user.add_passkey", { passkey, passkeyDigest: "ab" });
const version = "sealdesk.policy_versions 1";
const approval = { version: 1, hash: "ab", effectiveFromMs: 5 };

test.each([
  { begin: confirmed, end: done("user.remove_factor"), place: factor },
  { begin: confirmed, end: done("user.reset_factor"), place: factor },
  // A former code that SQL put back does not count.
  { begin: confirmed, end: done("user.remove_factor"), place: codePlace },
  { begin: webhook, end: done("alert.remove_webhook"), place: "sealdesk.alert_webhooks" },
  { begin: addPasskey, end: done("user.remove_passkey", { passkey }), place: passkeyPlace },
  { begin: addPasskey, end: done("user.reset_factor"), place: passkeyPlace },
  { begin: addPasskey, end: done("account.reset"), place: passkeyPlace },
  {
    begin: done("user.link_identity", { identityDigest: "ab" }),
    end: done("user.link_identity"),
    place: `sealdesk.users ${user} identity_index (its SHA-256)`,
  },
  {
    begin: done("policy.approve", approval),
    end: done("policy.withdraw", { version: 1 }),
    place: version,
  },
])("$begin.action until $end.action", ({ begin, end, place }) => {
  const rows = new RecordedRows();
  rows.add(done("user.enrol_factor"), 0);
  expect(rows.size).toBe(0);
  rows.add(begin, 1);
  expect(rows.get(place)?.values).not.toEqual([]);
  rows.add(end, 2);
  expect(rows.get(place)).toEqual({ values: [], index: 2 });
});

test.each(["user.create", "user.change_password", "user.set_password", "user.reset_password"])(
  "the password of the last %s counts",
  (action) => {
    const rows = new RecordedRows();
    rows.add(done("user.create", { role: "agent", passwordDigest: "old" }), 0);
    rows.add(done(action, { passwordDigest: "new" }), 1);
    rows.add(done("user.set_role", { role: "admin" }), 2);
    expect(rows.get(`sealdesk.users ${user} password_hash (its SHA-256)`)).toEqual({
      values: ["new"],
      index: 1,
    });
  },
);

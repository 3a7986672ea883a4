import type { LoggedEntry } from "../../../audit/export/entry-filter.ts";
import { RecordedSessions } from "../../../identity/reconcile/recorded-sessions.ts";

const user = "0198f0c2-0000-7000-8000-000000000001";
const entry = (action: string, more: object = {}) =>
  ({
    action,
    occurredAtMs: 1_000,
    outcome: "success",
    actor: { kind: "user", id: user, role: "agent" },
    resource: { type: "user", id: user },
    ...more,
  }) as unknown as LoggedEntry;

/** The sessions `one` and `two` of an account, after an entry. */
function openAfter(last: LoggedEntry): readonly string[] {
  const sessions = new RecordedSessions();
  for (const id of ["one", "two"])
    sessions.add(entry("session.create", { resource: { type: "session", id } }), 0);
  sessions.add(last, 1);
  return [...sessions.keys()];
}

test.each<[string, LoggedEntry, readonly string[]]>([
  [
    "the removal of a device that names one",
    entry("device.revoke", { details: { sessions: ["two"] } }),
    ["one"],
  ],
  ["the removal of a device without any", entry("device.revoke"), ["one", "two"]],
  [
    "a first passkey",
    entry("user.add_passkey", { session: "one", details: { sessions: 1 } }),
    ["one"],
  ],
  [
    "a second passkey",
    entry("user.add_passkey", { session: "one", details: { sessions: 0 } }),
    ["one", "two"],
  ],
  [
    "a passkey that the operator removes",
    entry("user.remove_passkey", { details: { sessions: 2 } }),
    [],
  ],
  [
    "the last factor of a role that needs one",
    entry("user.remove_factor", { session: "two", details: { sessions: 1 } }),
    ["two"],
  ],
  [
    "a second factor that the role needs from now on",
    entry("tenant.set_second_factor", { details: { role: "agent", sessions: 2 } }),
    [],
  ],
  [
    "a second factor that another role needs from now on",
    entry("tenant.set_second_factor", { details: { role: "supervisor", sessions: 2 } }),
    ["one", "two"],
  ],
  [
    "a second factor that the role needs no longer",
    entry("tenant.set_second_factor", { details: { role: "agent", sessions: 0 } }),
    ["one", "two"],
  ],
  [
    "an entry of an earlier release, without the role",
    entry("tenant.set_second_factor", { details: { roles: ["agent"], sessions: 2 } }),
    ["one", "two"],
  ],
])("%s ends the sessions that the entry says", (_what, last, open) => {
  expect(openAfter(last)).toEqual(open);
});

test("a second factor that a role needs ends its sessions without a proof that were not opened elsewhere", () => {
  const sessions = new RecordedSessions();
  const open = (id: string, more: object) =>
    sessions.add(entry("session.create", { resource: { type: "session", id }, ...more }), 0);
  open("by password", { method: "password" });
  open("with a factor", { method: "password", details: { factor: "totp" } });
  open("by a provider", { method: "oidc" });
  open("stepped up", { method: "password" });
  sessions.add(entry("session.step_up", { session: "stepped up" }), 1);
  const other = "0198f0c2-0000-7000-8000-000000000002";
  open("of a new agent", { actor: { kind: "user", id: other, role: "supervisor" } });
  sessions.add(entry("user.set_role", { subject: other, details: { role: "agent" } }), 2);
  sessions.add(entry("tenant.set_second_factor", { details: { role: "agent", sessions: 2 } }), 3);
  expect([...sessions.keys()]).toEqual(["with a factor", "by a provider", "stepped up"]);
});

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
])("%s ends the sessions that the entry says", (_what, last, open) => {
  expect(openAfter(last)).toEqual(open);
});

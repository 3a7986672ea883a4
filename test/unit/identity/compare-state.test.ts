import { canonicalJson } from "../../../crypto/wire/canonical-json.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { compareState } from "../../../identity/reconcile/compare-state.ts";
import { RecordedState } from "../../../identity/reconcile/recorded-state.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const tenant = newId<TenantId>();
const entry = (action: string, type: string, id: string, details: object, outcome = "success") =>
  utf8(
    canonicalJson({
      action,
      actor: { kind: "system", id: "operator" },
      class: "C",
      details: { ...details },
      eventId: newId(),
      occurredAtMs: 1_000,
      outcome,
      resource: { type, id },
      tenant,
    }),
  );
const settings = new Map([
  ["customer_keys", []],
  ["customer_jwks_url", []],
  ["revoked_customer_kids", []],
  ["api_keys", []],
  ["origins", []],
  ["suspended_at_ms", []],
  ["staff_history_grants", []],
] as const);
const account = (id: UserId, role: string, createdAtMs: number) =>
  [id, { id, role, createdAtMs }] as const;

/** The log of a tenant with an agent. */
function recorded() {
  const [state, agent] = [new RecordedState(), newId<UserId>()];
  state.add(entry("tenant.create", "tenant", tenant, { keys: [], origins: [] }), 0);
  state.add(entry("user.create", "user", agent, { role: "agent" }), 1);
  return { state, agent };
}

test("an account of staff that is gone differs, and a refused change says nothing", () => {
  const { state, agent } = recorded();
  state.add(entry("user.set_role", "user", agent, { role: "admin" }, "refused"), 2);
  const kept = { accounts: new Map([account(agent, "agent", 0)]), settings };
  expect(compareState(tenant, state, kept)).toEqual([]);
  expect(compareState(tenant, state, { accounts: new Map(), settings })).toEqual([
    {
      place: `sealdesk.users ${agent} role`,
      stored: undefined,
      recorded: { values: ["agent"], index: 1 },
    },
  ]);
});

test("a tenant without a row differs in each setting", () => {
  const { state, agent } = recorded();
  const accounts = new Map([account(agent, "agent", 0)]);
  expect(compareState(tenant, state, { accounts, settings: undefined })).toHaveLength(7);
});

test("nothing is said about accounts from before the entries that were pruned", () => {
  const state = new RecordedState();
  state.prunedBeforeMs = 500;
  const [older, younger] = [newId<UserId>(), newId<UserId>()];
  const accounts = new Map([account(older, "admin", 499), account(younger, "admin", 500)]);
  expect(compareState(tenant, state, { accounts, settings }).map(({ place }) => place)).toEqual([
    `sealdesk.users ${younger} role`,
  ]);
});

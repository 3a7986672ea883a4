import { canonicalJson } from "../../../crypto/wire/canonical-json.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { compareState } from "../../../identity/reconcile/compare-state.ts";
import { providerWords } from "../../../identity/reconcile/provider-settings.ts";
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
const providers = new Map<string, readonly string[]>();
const settings = new Map([
  ["customer_keys", []],
  ["customer_jwks_url", []],
  ["revoked_customer_kids", []],
  ["api_keys", []],
  ["origins", []],
  ["suspended_at_ms", []],
  ["staff_history_grants", []],
  ["second_factor_roles", []],
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
  const kept = { accounts: new Map([account(agent, "agent", 0)]), settings, providers };
  expect(compareState(tenant, state, kept)).toEqual([]);
  expect(compareState(tenant, state, { accounts: new Map(), settings, providers })).toEqual([
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
  expect(compareState(tenant, state, { accounts, settings: undefined, providers })).toHaveLength(8);
});

test("nothing is said about accounts from before the entries that were pruned", () => {
  const state = new RecordedState();
  state.prunedBeforeMs = 500;
  const [older, younger] = [newId<UserId>(), newId<UserId>()];
  const accounts = new Map([account(older, "admin", 499), account(younger, "admin", 500)]);
  expect(
    compareState(tenant, state, { accounts, settings, providers }).map(({ place }) => place),
  ).toEqual([`sealdesk.users ${younger} role`]);
});

test("an identity provider whose roles, keys or issuer were changed by SQL differs", () => {
  const { state, agent } = recorded();
  const details = {
    provider: "staff",
    issuer: "https://idp.example",
    clientId: "sealdesk",
    accounts: "jit",
    groupsClaim: "groups",
    redirectUris: ["http://127.0.0.1/callback"],
    roles: [{ group: "support", role: "agent" }],
    endpoints: ["https://idp.example/token", "https://idp.example/keys"],
  };
  state.add(entry("tenant.add_identity_provider", "tenant", tenant, details), 2);
  const accounts = new Map([account(agent, "agent", 0)]);
  const differencesOf = (changes: object, recordedState = state) => {
    const stored = new Map([["staff", providerWords({ ...details, ...changes })]]);
    return compareState(tenant, recordedState, { accounts, settings, providers: stored });
  };
  expect(differencesOf({})).toEqual([]);
  for (const changes of [
    { roles: [{ group: "support", role: "admin" }] },
    { endpoints: ["https://idp.example/token", "https://evil.example/keys"] },
    { issuer: "https://evil.example" },
    { accounts: "existing" },
  ])
    expect(differencesOf(changes).map(({ place }) => place)).toEqual([
      "sealdesk.identity_providers staff",
    ]);
  expect(compareState(tenant, state, { accounts, settings, providers })).toHaveLength(1);
  const after = state.copy();
  after.add(entry("tenant.remove_identity_provider", "tenant", tenant, { provider: "staff" }), 3);
  expect(compareState(tenant, after, { accounts, settings, providers })).toEqual([]);
  expect(differencesOf({}, after)).toHaveLength(1);
});

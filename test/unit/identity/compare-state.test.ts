import { canonicalJson } from "../../../crypto/wire/canonical-json.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { compareState } from "../../../identity/reconcile/compare-state.ts";
import { describeDifference } from "../../../identity/reconcile/difference.ts";
import { providerWords } from "../../../identity/reconcile/provider-settings.ts";
import { RecordedState } from "../../../identity/reconcile/recorded-state.ts";
import type { StoredRow } from "../../../identity/reconcile/row-places.ts";
import { settingColumns } from "../../../identity/reconcile/setting-columns.ts";
import type { StoredState } from "../../../identity/reconcile/stored-state.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const tenant = newId<TenantId>();
const entry = (
  action: string,
  type: string,
  id: string,
  details: object,
  outcome = "success",
  actor = "operator",
) =>
  utf8(
    canonicalJson({
      action,
      actor: { kind: "system", id: actor },
      class: "C",
      details: { ...details },
      eventId: newId(),
      occurredAtMs: 1_000,
      outcome,
      resource: { type, id },
      tenant,
    }),
  );
const rows = new Map<string, StoredRow>();
const settings = new Map([
  ["customer_keys", []],
  ["customer_jwks_url", []],
  ["revoked_customer_kids", []],
  ["api_keys", []],
  ["origins", []],
  ["suspended_at_ms", []],
  ["staff_history_grants", []],
  ["anonymous_customers", []],
  ["second_factor_roles", []],
  ["idle_log_off_minutes", ["30"]],
  ["limits", []],
  ["purpose_reads", []],
  ["purpose_codes", []],
  ["accounting_operations", []],
  ["revision_minutes", ["never"]],
  ["required_consents", ["archiving", "history_sharing"]],
] as const);
const apiKeys: StoredState["apiKeys"] = [];
const sessions: StoredState["sessions"] = [];
const byOperator = ["disabled by the operator"];
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
  const kept = {
    accounts: new Map([account(agent, "agent", 0)]),
    settings,
    rows,
    apiKeys,
    sessions,
  };
  expect(compareState(tenant, state, kept)).toEqual([]);
  expect(
    compareState(tenant, state, { accounts: new Map(), settings, rows, apiKeys, sessions }),
  ).toEqual([
    {
      place: `sealdesk.users ${agent} role`,
      stored: undefined,
      recorded: { values: ["agent"], index: 1 },
    },
  ]);
});

test("an account that SQL disables or enables again differs", () => {
  const { state, agent } = recorded();
  const place = `sealdesk.users ${agent} disabled_at_ms`;
  const asStored = (isDisabled: boolean) =>
    compareState(tenant, state, {
      accounts: new Map([account(agent, "agent", 0)]),
      settings,
      rows: new Map(isDisabled ? [[place, { words: byOperator, createdAtMs: 5 }]] : []),
      apiKeys,
      sessions,
    });
  expect(asStored(true)).toMatchObject([{ place, stored: byOperator, recorded: undefined }]);
  state.add(entry("user.disable", "user", agent, { devices: 1 }), 2);
  expect(asStored(true)).toEqual([]);
  expect(asStored(false)).toMatchObject([
    { place, stored: undefined, recorded: { values: byOperator, index: 2 } },
  ]);
  state.add(entry("user.enable", "user", agent, {}), 3);
  expect(asStored(false)).toEqual([]);
});

test("what the operator disables stays the operator's, also if a provider disables it before or after", () => {
  const { state, agent } = recorded();
  const place = `sealdesk.users ${agent} disabled_at_ms`;
  const said = () => state.rows.get(place)?.values;
  const byProvider = entry("user.disable", "user", agent, { devices: 0, provider: "idp" });
  const operators = entry("user.disable", "user", agent, { devices: 0 });
  state.add(byProvider, 2);
  expect(said()).toEqual(["disabled by an identity provider"]);
  state.add(operators, 3);
  state.add(byProvider, 4);
  expect(said()).toEqual(byOperator);
  state.add(entry("user.enable", "user", agent, {}), 5);
  state.add(byProvider, 6);
  expect(said()).toEqual(["disabled by an identity provider"]);
});

test("pruned entries make no alarm about a disabled account, and hide no later change of it", () => {
  const [state, agent] = [new RecordedState(), newId<UserId>()];
  state.prunedBeforeMs = 500;
  const place = `sealdesk.users ${agent} disabled_at_ms`;
  const asStored = (sinceMs: number | undefined) =>
    compareState(tenant, state, {
      accounts: new Map([account(agent, "admin", 0)]),
      settings,
      rows: new Map(
        sinceMs === undefined ? [] : [[place, { words: byOperator, createdAtMs: sinceMs }]],
      ),
      apiKeys,
      sessions,
    });
  expect(asStored(499)).toEqual([]);
  expect(asStored(500)).toMatchObject([{ place, recorded: undefined }]);
  // The entry that disabled the account was pruned. Its role is said anew.
  state.add(entry("user.set_role", "user", agent, { role: "admin" }), 7);
  expect(asStored(499)).toEqual([]);
  // The entry that said the role was pruned.
  const other = new RecordedState();
  other.prunedBeforeMs = 500;
  other.add(entry("user.disable", "user", agent, {}), 8);
  const enabled = {
    accounts: new Map([account(agent, "admin", 0)]),
    settings,
    rows,
    apiKeys,
    sessions,
  };
  expect(compareState(tenant, other, enabled)).toMatchObject([
    { place, stored: undefined, recorded: { values: byOperator, index: 8 } },
  ]);
});

test("a tenant without a row differs in each setting", () => {
  const { state, agent } = recorded();
  const accounts = new Map([account(agent, "agent", 0)]);
  expect(
    compareState(tenant, state, { accounts, settings: undefined, rows, apiKeys, sessions }),
  ).toHaveLength(settingColumns.length);
});

test("nothing is said about accounts from before the entries that were pruned", () => {
  const state = new RecordedState();
  state.prunedBeforeMs = 500;
  const [older, younger] = [newId<UserId>(), newId<UserId>()];
  const accounts = new Map([account(older, "admin", 499), account(younger, "admin", 500)]);
  expect(
    compareState(tenant, state, { accounts, settings, rows, apiKeys, sessions }).map(
      ({ place }) => place,
    ),
  ).toEqual([`sealdesk.users ${younger} role`]);
});

test("a membership of a team differs if the log says another one, and ends with its provider and its account", () => {
  const { state, agent } = recorded();
  const accounts = new Map([account(agent, "agent", 0)]);
  const place = `sealdesk.team_members claims ${agent}`;
  const stored = (...words: readonly string[]) =>
    new Map(words.length === 0 ? [] : [[place, { words, createdAtMs: 1_000 }]]);
  const places = (of: RecordedState, ...words: readonly string[]) =>
    compareState(tenant, of, { accounts, settings, rows: stored(...words), apiKeys, sessions }).map(
      (difference) => difference.place,
    );
  expect(places(state, "by an administrator")).toEqual([place]);
  const joined = state.copy();
  const given = { team: "claims", provider: "staff" };
  joined.add(entry("team.add_member", "user", agent, given), 2);
  expect([places(joined, "by staff"), places(joined)]).toEqual([[], [place]]);
  expect(places(joined, "by an administrator")).toEqual([place]);
  const left = joined.copy();
  left.add(entry("team.remove_member", "user", agent, given), 3);
  const removed = joined.copy();
  removed.add(entry("tenant.remove_identity_provider", "tenant", tenant, { provider: "staff" }), 3);
  for (const after of [left, removed])
    expect([places(after), places(after, "by staff")]).toEqual([[], [place]]);
});

test("an identity provider whose roles, keys or issuer were changed by SQL differs", () => {
  const { state, agent } = recorded();
  const details = {
    provider: "staff",
    issuer: "https://idp.example",
    clientId: "sealdesk",
    accounts: "jit",
    subjectClaim: "sub",
    groupsClaim: "groups",
    redirectUris: ["http://127.0.0.1/callback"],
    roles: [{ group: "support", role: "agent" }],
    teams: [{ group: "claims-dept", team: "claims" }],
    scope: "openid",
    endpoints: [
      { name: "token_endpoint", url: "https://idp.example/token" },
      { name: "jwks_uri", url: "https://idp.example/keys" },
    ],
    answersWithIssuer: true,
  };
  state.add(entry("tenant.add_identity_provider", "tenant", tenant, details), 2);
  const accounts = new Map([account(agent, "agent", 0)]);
  const differencesOf = (changes: object, recordedState = state) => {
    const words = providerWords({ ...details, ...changes });
    const stored = new Map([["sealdesk.identity_providers staff", { words, createdAtMs: 1_000 }]]);
    return compareState(tenant, recordedState, {
      accounts,
      settings,
      rows: stored,
      apiKeys,
      sessions,
    });
  };
  expect(differencesOf({})).toEqual([]);
  // An entry from before there was a choice of the claim that identifies people.
  const { subjectClaim: _, ...earlier } = details;
  const before = recorded().state;
  before.add(entry("tenant.add_identity_provider", "tenant", tenant, earlier), 2);
  const places = (changes: object) => differencesOf(changes, before).map(({ place }) => place);
  expect(places({})).not.toContain("sealdesk.identity_providers staff");
  expect(places({ subjectClaim: "oid" })).toContain("sealdesk.identity_providers staff");
  for (const changes of [
    { roles: [{ group: "support", role: "admin" }] },
    {
      endpoints: [
        { name: "token_endpoint", url: "https://idp.example/keys" },
        { name: "jwks_uri", url: "https://idp.example/token" },
      ],
    },
    { scope: "openid offline_access" },
    { teams: [{ group: "everybody", team: "claims" }] },
    { answersWithIssuer: false },
    { issuer: "https://evil.example" },
    { accounts: "existing" },
  ])
    expect(differencesOf(changes).map(({ place }) => place)).toEqual([
      "sealdesk.identity_providers staff",
    ]);
  expect(compareState(tenant, state, { accounts, settings, rows, apiKeys, sessions })).toHaveLength(
    1,
  );
  const mapped = state.copy();
  const teams = [{ group: "fraud", team: "fraud" }];
  mapped.add(entry("tenant.map_teams", "tenant", tenant, { provider: "staff", teams }), 3);
  expect(differencesOf({ teams }, mapped)).toEqual([]);
  expect(differencesOf({}, mapped)).toHaveLength(1);
  const after = state.copy();
  after.add(entry("tenant.remove_identity_provider", "tenant", tenant, { provider: "staff" }), 3);
  expect(compareState(tenant, after, { accounts, settings, rows, apiKeys, sessions })).toEqual([]);
  expect(differencesOf({}, after)).toHaveLength(1);
  // A row that comes back after the removal is seen, even if the log was pruned in between.
  after.prunedBeforeMs = 2_000;
  expect(differencesOf({}, after)).toHaveLength(1);
  expect(compareState(tenant, after, { accounts, settings, rows, apiKeys, sessions })).toEqual([]);
});

test("an identity provider without an entry differs, unless it is older than the entries that were pruned", () => {
  const state = new RecordedState();
  state.prunedBeforeMs = 500;
  const of = (createdAtMs: number) =>
    compareState(tenant, state, {
      accounts: new Map(),
      settings,
      rows: new Map([
        [
          "sealdesk.identity_providers staff",
          { words: ["issuer https://evil.example"], createdAtMs },
        ],
      ]),
      apiKeys,
      sessions,
    });
  expect(of(499)).toEqual([]);
  expect(of(500).map(({ place }) => place)).toEqual(["sealdesk.identity_providers staff"]);
});

const keyId = "0123456789abcdef";
const listed = { id: keyId, scopes: ["create_staff"], secretHash: "ab", expiresAtMs: 9 };

test("a success of an API key that no entry added is reported, also if its row is gone", () => {
  const { state, agent } = recorded();
  const created = newId<UserId>();
  const accounts = new Map([account(agent, "agent", 0), account(created, "admin", 0)]);
  const act = (outcome: string) =>
    entry("user.create", "user", created, { role: "admin" }, outcome, `api-key ${keyId}`);
  state.add(act("refused"), 2);
  expect(state.keys.strangers.size).toBe(0);
  const copy = state.copy();
  copy.add(act("success"), 3);
  const differences = compareState(tenant, copy, { accounts, settings, rows, apiKeys, sessions });
  expect(differences.map(describeDifference)).toEqual([
    `The row sealdesk.api_keys ${keyId} is gone, but entry 3 says that it acted, and none that it was added.`,
  ]);
  copy.add(entry("tenant.remove_api_key", "tenant", tenant, { key: keyId, apiKeys: [] }), 4);
  expect(compareState(tenant, copy, { accounts, settings, rows, apiKeys, sessions })).toEqual([]);
  expect(state.keys.strangers.size).toBe(0);
  state.add(entry("tenant.add_api_key", "tenant", tenant, { apiKeys: [listed] }), 3);
  state.add(entry("tenant.remove_api_key", "tenant", tenant, { apiKeys: [] }), 4);
  state.add(act("success"), 5);
  expect(compareState(tenant, state, { accounts, settings, rows, apiKeys, sessions })).toEqual([]);
});

test("after pruning, an API key that is younger than the first entry is reported", () => {
  const state = new RecordedState();
  state.prunedBeforeMs = 500;
  const keys = [
    { id: "a".repeat(16), label: "older", createdAtMs: 499 },
    { id: "b".repeat(16), label: "younger", createdAtMs: 500 },
  ];
  const stored = { accounts: new Map(), settings, rows, apiKeys: keys, sessions };
  expect(compareState(tenant, state, stored)).toEqual([
    { place: `sealdesk.tenants ${tenant} api_keys`, stored: ["younger"], recorded: undefined },
  ]);
});

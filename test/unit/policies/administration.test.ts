import type { TenantId } from "../../../crypto/wire/ids.ts";
import {
  administrationActions,
  decideAdministration,
  decideApiKey,
  isScope,
  scopeOf,
} from "../../../policies/administration.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const tenant = newId<TenantId>();
const nowMs = 1_000;
const key = (changes: object = {}) => ({
  tenant,
  scopes: ["read_staff"],
  expiresAtMs: nowMs + 1,
  suspendedAtMs: null,
  ...changes,
});

test("each scope allows its own action and nothing else", () => {
  const acts = administrationActions.map((action) => ({ action, provider: "staff" }));
  for (const scope of acts.map(scopeOf))
    for (const act of acts)
      expect([
        scope,
        act,
        decideAdministration(key({ scopes: [scope] }), act, tenant, nowMs).allowed,
      ]).toEqual([scope, act, scope === scopeOf(act)]);
});

test("a key for one identity provider writes nothing of another one", () => {
  const may = (scope: string, provider?: string) =>
    decideAdministration(key({ scopes: [scope] }), { action: "scim", provider }, tenant, nowMs)
      .allowed;
  expect(may("scim:staff", "staff")).toBe(true);
  for (const [scope, provider] of [
    ["scim:staff", "partners"],
    ["scim:staff", undefined],
    ["scim", "staff"],
    ["scim:", undefined],
    ["scim:*", "staff"],
  ] as const)
    expect([scope, provider, may(scope, provider)]).toEqual([scope, provider, false]);
  for (const text of ["scim", "scim:", "scim:*", "scim:A", "scim_all", "all"])
    expect([text, isScope(text)]).toEqual([text, false]);
});

test.each([
  ["no scope", { scopes: [] }, "scope_missing"],
  ["a scope that there is not", { scopes: ["all", "*"] }, "scope_missing"],
  ["an expired key", { expiresAtMs: nowMs }, "token_expired"],
  ["a suspended tenant", { suspendedAtMs: 1 }, "tenant_suspended"],
  ["a foreign key", { tenant: newId<TenantId>() }, "foreign_tenant"],
])("%s allows nothing", (_what, changes, reason) => {
  expect(decideAdministration(key(changes), { action: "read_staff" }, tenant, nowMs)).toEqual({
    allowed: false,
    reasons: [reason],
  });
});

test("an unknown key is not let in, whatever it asks for", () => {
  expect(decideApiKey(undefined, nowMs)).toEqual({ allowed: false, reasons: ["unknown_token"] });
  expect(decideApiKey(key(), nowMs).allowed).toBe(true);
});

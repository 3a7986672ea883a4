import type { TenantId } from "../../../crypto/wire/ids.ts";
import {
  administrationActions,
  decideAdministration,
  decideApiKey,
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
  for (const scope of administrationActions)
    for (const action of administrationActions)
      expect([
        scope,
        action,
        decideAdministration(key({ scopes: [scope] }), action, tenant, nowMs).allowed,
      ]).toEqual([scope, action, scope === action]);
});

test.each([
  ["no scope", { scopes: [] }, "scope_missing"],
  ["a scope that there is not", { scopes: ["all", "*"] }, "scope_missing"],
  ["an expired key", { expiresAtMs: nowMs }, "token_expired"],
  ["a suspended tenant", { suspendedAtMs: 1 }, "tenant_suspended"],
  ["a foreign key", { tenant: newId<TenantId>() }, "foreign_tenant"],
])("%s allows nothing", (_what, changes, reason) => {
  expect(decideAdministration(key(changes), "read_staff", tenant, nowMs)).toEqual({
    allowed: false,
    reasons: [reason],
  });
});

test("an unknown key is not let in, whatever it asks for", () => {
  expect(decideApiKey(undefined, nowMs)).toEqual({ allowed: false, reasons: ["unknown_token"] });
  expect(decideApiKey(key(), nowMs).allowed).toBe(true);
});

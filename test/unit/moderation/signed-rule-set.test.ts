import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { verifyEd25519 } from "../../../keys/ed25519.ts";
import {
  encodeRuleSetStatement,
  openRuleSet,
  ruleSetStatementBytes,
  type RuleSetTrust,
  type SignedRuleSet,
} from "../../../moderation/detect/rules/signed-rule-set.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const rawKey = (key: KeyObject) =>
  new Uint8Array(key.export({ format: "der", type: "spki" }).subarray(-32));
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());

const tenant = newId<TenantId>();
const nowMs = Date.UTC(2026, 11, 1);
const dayMs = 86_400_000;
const trust: RuleSetTrust = {
  tenant,
  name: "urgent-en",
  authority: rawKey(publicKey),
  known: undefined,
  nowMs,
  verify: verifyEd25519,
  sha256,
};

const rulesOf = (word: string) =>
  utf8(
    JSON.stringify({
      format: 1,
      name: "urgent-en",
      version: 1,
      language: "en",
      reviewed: "today",
      concepts: { help: [word] },
      rules: [{ label: "emergency", all: ["help"] }],
    }),
  );

function signed(
  number: number,
  word = "help",
  key = privateKey,
  change: object = {},
): SignedRuleSet {
  const rules = rulesOf(word);
  const statement = encodeRuleSetStatement({
    tenant,
    name: "urgent-en",
    number,
    digest: sha256(rules),
    fromMs: nowMs,
    untilMs: nowMs + 7 * dayMs,
    ...change,
  });
  const signature = new Uint8Array(sign(null, ruleSetStatementBytes(statement), key));
  return { statement, signature, rules };
}

test("a signed rule set opens, and a later one replaces it", () => {
  const first = openRuleSet(signed(1), trust);
  expect(first.rules.concepts).toEqual({ help: ["help"] });
  expect(openRuleSet(signed(2, "other"), { ...trust, known: first.known }).known.number).toBe(2);
  expect(openRuleSet(signed(1), { ...trust, known: first.known }).known).toEqual(first.known);
});

test.each([
  ["an older one", signed(1)],
  ["another one of the same number", signed(2, "other")],
])("%s is noticed", (_, shown) => {
  const { known } = openRuleSet(signed(2), trust);
  expect(() => openRuleSet(shown, { ...trust, known })).toThrow(
    expect.objectContaining({ code: "rule_set_rolled_back" }),
  );
});

const stranger = generateKeyPairSync("ed25519").privateKey;

test.each([
  ["another key signed it", signed(1, "help", stranger)],
  ["the rules are others", { ...signed(1), rules: rulesOf("other") }],
  ["it is another tenant's", signed(1, "help", privateKey, { tenant: newId<TenantId>() })],
  ["it is about something else", signed(1, "help", privateKey, { name: "abuse-en" })],
  ["its form is another", signed(1, "help", privateKey, { number: 0 })],
  ["it counts for too long", signed(1, "help", privateKey, { untilMs: nowMs + 60 * dayMs })],
])("refused: %s", (_, shown) => {
  expect(() => openRuleSet(shown, trust)).toThrow(
    expect.objectContaining({ code: "rule_set_not_authentic" }),
  );
});

test("a statement that nobody renews ends", () => {
  expect(() => openRuleSet(signed(1), { ...trust, nowMs: nowMs + 8 * dayMs })).toThrow(
    expect.objectContaining({ code: "rule_set_expired" }),
  );
});

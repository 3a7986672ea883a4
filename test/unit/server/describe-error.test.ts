import { AuditError } from "../../../audit/audit-error.ts";
import { KeysError } from "../../../keys/keys-error.ts";
import { serviceError, VaultAnswer } from "../../../keys/kms/vault/vault-errors.ts";
import { describeError } from "../../../server/log.ts";

test("a sealed Vault is called sealed in the log, with what to do", () => {
  const error = serviceError(new VaultAnswer(503, '{"errors":["Vault is sealed"]}'));
  expect(describeError(error)).toMatchObject({
    errorCode: "kms_sealed",
    reason: "Vault is sealed. Unseal it.",
  });
});

test("the log has the messages that are our own, and no others", () => {
  const reasonOf = (error: Error) => describeError(error)["reason"];
  expect(reasonOf(new KeysError("kms_denied", "Ask."))).toBe("Ask.");
  expect(reasonOf(new AuditError("not_prunable", "Wait."))).toBe("Wait.");
  expect(reasonOf(new Error("insert of value 4711 failed"))).toBeUndefined();
});

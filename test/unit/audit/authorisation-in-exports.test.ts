import { lineFormatNames, lineFormats } from "../../../audit/export/formats.ts";
import { canonicalJson, type CanonicalValue } from "../../../crypto/wire/canonical-json.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { sampleEntries } from "../../support/audit-entries.ts";

// An examiner asks how the session was authenticated, and why the policy decided so.
test.each(lineFormatNames)("%s has the method and the decision of each entry", (name) => {
  const decision = { allowed: false, reasons: ["not_a_member"] };
  for (const entry of [sampleEntries.read, sampleEntries.list, sampleEntries.signIn]) {
    const logged = { ...entry, method: "customer_token", decision } as unknown as CanonicalValue;
    const line = lineFormats[name].line({ index: 0, entry: utf8(canonicalJson(logged)) }, "log");
    expect(line).toContain("customer_token");
    expect(line).toContain("not_a_member");
  }
});

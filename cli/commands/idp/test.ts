import { testProvider } from "../../../identity/providers/test-provider.ts";
import type { Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { inspectionBy } from "./inspection.ts";

/**
 * Compares a provider's settings with the real provider. It changes nothing and signs nobody in.
 * @returns a line for each finding, and whether none is wrong
 */
export async function testProviderCommand(
  settings: Settings,
  slug: string,
  name: string,
): Promise<{ readonly report: string; readonly isRight: boolean }> {
  const findings = await withKeys(settings, slug, ({ data, tenant, subjects }) =>
    testProvider(
      {
        ...inspectionBy(settings),
        pool: data,
        subjects,
        publicUrl: settings.publicUrl,
        now: Date.now,
      },
      { tenant, name, by: settings.operator },
    ),
  );
  return {
    report: findings
      .map(
        ({ part, verdict, sentence }) =>
          `${verdict === "wrong" ? "WRONG" : verdict.padEnd(5)}  ${part.padEnd(10)}  ${sentence}`,
      )
      .join("\n"),
    isRight: findings.every(({ verdict }) => verdict !== "wrong"),
  };
}

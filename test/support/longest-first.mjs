import { statSync } from "node:fs";

/** The tests that take longest, and the first to start. */
const LONGEST = [
  "test/newcomer/fresh-clone",
  "test/e2e/fallback",
  "test/integration/audit/restore",
  "test/e2e/chaos",
  "test/model/promises",
  "test/e2e/restored-conversations",
  "test/integration/bench/benches",
  "test/e2e/rotation",
  "test/integration/security/every-command-is-audited",
  "test/e2e/storm",
  "test/e2e/scenarios",
  "test/integration/security/every-route-for-every-role",
  "test/integration/audit/audit-key",
  "test/e2e/restored-server",
  "test/e2e/setup",
];

/**
 * Jest's order of test files: the longest first, so that no worker waits for the last one of another. The
 * size of a file stands for how long the others take.
 */
export default class LongestFirst {
  sort(tests) {
    const place = ({ path }) => {
      const at = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
      return at === -1 ? LONGEST.length : at;
    };
    const bytes = new Map(tests.map((test) => [test, statSync(test.path).size]));
    return tests.toSorted(
      (one, other) => place(one) - place(other) || bytes.get(other) - bytes.get(one),
    );
  }

  /** Jest calls it with the results. Nothing is kept. */
  cacheResults() {}
}

import { knownVariables } from "../../../keys/environment/known-variables.ts";
import { Secret } from "../../../keys/secret.ts";
import { recordedSettings } from "../../../server/recorded-settings.ts";
import type { Config } from "../../../server/config.ts";

const audit: Config["audit"] = {
  originPrefix: "sealdesk.local",
  checkpoints: { kind: "directory", folder: "checkpoints" },
  witnesses: [],
  restoreApprovers: [],
  sinks: { sinks: [], required: 0 },
  publication: { quorum: 0, witnesses: [] },
};
const key = new Secret(new Uint8Array(32).fill(1));
const recorded = (value: string, keys = [key]) =>
  recordedSettings(
    { settings: knownVariables.map((name) => [name, new Secret(value)] as const), audit },
    keys,
  );

test("no value of a variable that may be a secret, an address or a path is shown", () => {
  const shown = recorded("~the value~").flatMap(({ name, shown: text }) =>
    text === "~the value~" ? [name] : [],
  );
  expect(shown.toSorted()).toEqual(
    [
      ...knownVariables.filter((name) => /_(LIMIT|DAYS|SECONDS|QUORUM)$/.test(name)),
      "LOG_LEVEL",
      "METRICS_PORT",
      "NODE_ENV",
      "OPEN_CONVERSATIONS_PER_CUSTOMER",
      "OPEN_CONVERSATIONS_PER_MEMBER",
      "OTEL_TRACES_SAMPLER_ARG",
      "PORT",
      "SEALDESK_KMS",
    ].toSorted(),
  );
});

test("a tag tells values, variables and keys apart", () => {
  const other = new Secret(new Uint8Array(32).fill(2));
  const tags = [recorded("one"), recorded("two"), recorded("one", [other])].flatMap((settings) =>
    settings.map((setting) => Buffer.from(setting.tags[0] ?? []).toString("hex")),
  );
  expect(new Set(tags).size).toBe(3 * knownVariables.length);
});

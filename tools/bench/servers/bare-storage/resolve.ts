import type { ResolveHook } from "node:module";

const parts = new URL("./parts.js", import.meta.url).href;
const replaced = new Set(
  [
    "keys/at-rest/envelope.js",
    "keys/at-rest/scope-keys.js",
    "messaging/log/stored-form.js",
    "messaging/transcripts/transcript-recorder.js",
    "server/audit-log.js",
  ].map((path) => new URL(`../../../../${path}`, import.meta.url).href),
);

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  if (!replaced.has(found.url) || context.parentURL === parts) return found;
  return { ...found, url: parts };
};

import { Presets, SingleBar } from "cli-progress";
import { rewrapSubjectKeys, rotateKek } from "../../keys/at-rest/rotate-kek.ts";
import type { Settings } from "../settings.ts";
import { withKeys, type CommandKeys } from "../with-keys.ts";

/**
 * Creates a new version of the tenant's key-encryption key and wraps every subject key under it.
 */
export function rotateKekCommand(settings: Settings, slug: string): Promise<string> {
  return withKeys(settings, slug, async (keys) => {
    const version = await rotateKek(
      { ...keys.keystore, data: keys.data },
      keys.tenant,
      settings.operator,
    );
    return `Version ${version} wraps ${await rewrap(keys)}.`;
  });
}

/** Continues a rewrapping that was interrupted. Changes nothing if there is none. */
export function rewrapCommand(settings: Settings, slug: string): Promise<string> {
  return withKeys(
    settings,
    slug,
    async (keys) => `The latest version wraps ${await rewrap(keys)}.`,
  );
}

async function rewrap({ keystore, data, tenant }: CommandKeys): Promise<string> {
  const format = "Rewrapping {bar} {value} of {total} keys";
  const bar = new SingleBar(
    { format, hideCursor: true, noTTYOutput: false },
    Presets.shades_classic,
  );
  let begun = false;
  try {
    const { total } = await rewrapSubjectKeys({ ...keystore, data }, tenant, {
      onProgress(progress) {
        if (!begun) bar.start(progress.total, progress.done);
        else bar.update(progress.done);
        begun = true;
      },
    });
    return `${total} subject keys; earlier versions are destroyed`;
  } finally {
    bar.stop();
  }
}

import type { Kms } from "../keys/kms/kms.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import type { Settings } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

/** Runs `work` with the key service and a login that may act as sealdesk_owner. */
export async function withKms<T>(
  settings: Settings,
  work: (deps: {
    readonly ownerUrl: string;
    readonly kms: Kms;
    readonly now: () => number;
  }) => Promise<T>,
): Promise<T> {
  const { kms } = await openKms(settings.kms());
  try {
    return await withDatabase(settings, ({ ownerUrl }) => work({ ownerUrl, kms, now: Date.now }));
  } finally {
    await kms.close();
  }
}

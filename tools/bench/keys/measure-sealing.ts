import {
  createCipheriv,
  createSecretKey,
  randomBytes,
  randomFillSync,
  randomUUID,
} from "node:crypto";
import { rowAssociated } from "../../../keys/at-rest/associated.ts";
import { open, seal } from "../../../keys/at-rest/envelope.ts";
import { round } from "../statistics.ts";
import { parseId, type TenantId, type ConversationId } from "../../../crypto/wire/ids.ts";

export const BODY_BYTES = 300;

/**
 * Measures encryption and decryption at rest on one core, and bare AES-GCM with a random nonce for
 * each.
 */
export function measureSealing(seconds: number) {
  const key = { id: randomBytes(16), secret: createSecretKey(randomBytes(32)) };
  const body = randomBytes(BODY_BYTES);
  const place = {
    tenant: parseId<TenantId>(randomUUID()),
    conversation: parseId<ConversationId>(randomUUID()),
    period: 700,
  };
  let seq = 0;
  const rate = (work: () => unknown): number => {
    for (let warm = 0; warm < 20_000; warm++) work();
    // Measures CPU time and not elapsed time, because others share the machine.
    const began = process.cpuUsage();
    let count = 0;
    for (let spent = 0; spent < seconds * 1e6; count += 1000) {
      for (let i = 0; i < 1000; i++) work();
      const { user, system } = process.cpuUsage(began);
      spent = user + system;
    }
    return round(count / seconds);
  };
  const sealed = seal(key, rowAssociated({ ...place, seq: 1 }), body);
  const bare = () => {
    const cipher = createCipheriv("aes-256-gcm", key.secret, randomFillSync(Buffer.alloc(12)));
    const sealedBody = cipher.update(body);
    cipher.final();
    return [sealedBody, cipher.getAuthTag()];
  };
  const bareAesGcmPerSecond = rate(bare);
  const sealedPerSecond = rate(() => seal(key, rowAssociated({ ...place, seq: ++seq }), body));
  const openedPerSecond = rate(() => open(key, rowAssociated({ ...place, seq: 1 }), sealed));
  return {
    bareAesGcmPerSecond,
    sealedPerSecond,
    openedPerSecond,
    sealMicroseconds: round(1e6 / sealedPerSecond, 2),
    ofBareAesGcm: round(sealedPerSecond / bareAesGcmPerSecond, 2),
  };
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  newDeviceHome,
  newSuite,
  openDeviceStore,
} from "../../../../tools/testkit/connect-device.ts";
import {
  tryUnauthorisedDecrypt,
  wouldNotice,
  type Taken,
} from "../../../../tools/demo/replay/unauthorised-decrypt.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import type { DeviceId, ConversationId } from "../../../../crypto/wire/ids.ts";

const suite = newSuite();
const nowMs = Date.UTC(2026, 0, 5);

test("attempts to open a message succeed with its key, and fail without", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-trespass-"));
  const homes = {
    sender: newDeviceHome(folder),
    reader: newDeviceHome(folder),
    outsider: newDeviceHome(folder),
  };
  const [sender, reader, conversation] = [
    newId<DeviceId>(),
    newId<DeviceId>(),
    newId<ConversationId>(),
  ];

  const readers = await openDeviceStore(homes.reader);
  const { identityKey, registrationId, preKeys } = await readers.transact(async (transaction) => ({
    ...(await suite.createIdentity(transaction, reader)),
    preKeys: await suite.createPreKeys(transaction, { oneTime: 1, nowMs }),
  }));
  const senders = await openDeviceStore(homes.sender);
  const sealed = await senders.transact(async (transaction) => {
    const own = await suite.createIdentity(transaction, sender);
    await suite.trust(transaction, { device: reader, identityKey });
    await suite.establish(
      transaction,
      {
        device: reader,
        registrationId,
        identityKey,
        signedPreKey: preKeys.signedPreKey,
        preKey: preKeys.preKeys[0],
        kyberPreKey: preKeys.kyberPreKeys[0]!,
      },
      nowMs,
    );
    const plaintext = new TextEncoder().encode("a secret");
    const request = { conversation, epoch: 1, devices: [reader], plaintext, nowMs };
    return { own, ...(await suite.seal(transaction, request)) };
  });
  await senders.close();
  await readers.transact((transaction) =>
    suite.trust(transaction, { device: sender, identityKey: sealed.own.identityKey }),
  );
  await readers.close();
  const outsiders = await openDeviceStore(homes.outsider);
  await outsiders.transact((transaction) => suite.createIdentity(transaction, newId<DeviceId>()));
  await outsiders.close();

  const { keyId, ciphertext, packets } = sealed;
  const message = { conversation, epoch: 1, senderDevice: sender, keyId, ciphertext, nowMs };
  const requests = [undefined, packets[0]?.bytes].map((packet) => ({ ...message, packet }));
  const taken: Taken[] = [{ sender, requests }];

  expect(await tryUnauthorisedDecrypt(homes.outsider, taken)).toEqual({ attempts: 2, opened: 0 });
  // Each attempt is discarded, so it works every time.
  for (let time = 0; time < 2; time++)
    expect(await tryUnauthorisedDecrypt(homes.reader, taken)).toEqual({ attempts: 2, opened: 1 });

  expect(await wouldNotice(homes.reader, taken)).toBe(false);
  const again = await openDeviceStore(homes.reader);
  await again.transact((transaction) => suite.open(transaction, requests[1]!));
  await again.close();
  expect(await wouldNotice(homes.reader, taken)).toBe(true);
  expect(await tryUnauthorisedDecrypt(homes.reader, taken)).toEqual({ attempts: 2, opened: 0 });
  await rm(folder, { recursive: true });
});

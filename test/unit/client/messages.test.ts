import { account } from "../../../contract/devices.ts";
import { newLinkRequest } from "../../../contract/links.ts";
import { readAnswer, writeBody } from "../../../client/http/messages.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";

const user = "01928374-0000-7000-8000-000000000001";
const device = idOf<DeviceId>("01928374-0000-7000-8000-000000000002");
const key = (bytes: number) => Buffer.alloc(bytes, 7).toString("base64url");
const listed = {
  id: device,
  registrationId: 5,
  deviceKey: key(32),
  identityKey: key(33),
  receiptKey: key(32),
  certificate: key(64),
};
const answer = {
  user,
  role: "agent",
  displayName: null,
  anonymous: false,
  accountKey: key(32),
  staffCertificate: { text: "e30", signature: key(64) },
  devices: [listed],
};

test("an answer is read, and its base64url becomes bytes", () => {
  const read = readAnswer(account, answer);
  expect(read.devices[0]?.deviceKey).toEqual(new Uint8Array(32).fill(7));
});

test("members, roles and states of a newer server are accepted, and new members are left out", () => {
  const newer = {
    ...answer,
    role: "archivist",
    pronouns: "they",
    devices: [{ ...listed, platform: "watch" }],
  };
  expect(readAnswer(account, newer)).toEqual({
    ...readAnswer(account, answer),
    role: "archivist",
  });
});

test.each([
  [{ ...answer, devices: [listed, { ...listed, deviceKey: "private!" }] }, ".devices[1].deviceKey"],
  [{ ...answer, devices: [{ ...listed, receiptKey: key(31) }] }, ".devices[0].receiptKey"],
  [{ ...answer, user: "private!" }, ".user"],
  [{ ...answer, accountKey: undefined }, ".accountKey"],
  ["private!", ""],
])("an error names the place in the answer and not the value", (given, place) => {
  let error: unknown;
  try {
    readAnswer(account, given);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    code: "invalid_response",
    message: `The server's answer is not valid at answer${place}.`,
  });
  expect((error as Error).cause).toBeUndefined();
});

test("a body is written with its bytes in base64url", () => {
  const ephemeralKey = new Uint8Array(32).fill(7);
  expect(writeBody(newLinkRequest, { id: user, device, ephemeralKey })).toEqual({
    id: user,
    device,
    ephemeralKey: key(32),
  });
});

test("a body that no server would accept is refused before it is sent", () => {
  const ephemeralKey = new Uint8Array(31);
  expect(() => writeBody(newLinkRequest, { id: user, device, ephemeralKey })).toThrow(
    expect.objectContaining({
      code: "invalid_argument",
      message: "The request is not valid at request.ephemeralKey.",
    }),
  );
});

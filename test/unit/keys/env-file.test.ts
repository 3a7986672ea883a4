import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvFile } from "../../../keys/environment/env-file.ts";
import { unknownSealdeskVariables } from "../../../keys/environment/known-variables.ts";

const text = "NODE_ENV=production\r\nLOG_LEVEL=warn\r\n";

test.each<[string, Buffer]>([
  ["UTF-8", Buffer.from(text)],
  ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${text}`)],
  ["UTF-16, little endian", Buffer.from(`\uFEFF${text}`, "utf16le")],
  ["UTF-16, big endian", Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
])("every variable of a file in %s counts", async (_encoding, bytes) => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-env-"));
  await writeFile(join(folder, ".env"), bytes);
  expect({ ...readEnvFile(join(folder, ".env")) }).toEqual({
    NODE_ENV: "production",
    LOG_LEVEL: "warn",
  });
  await rm(folder, { recursive: true });
});

describe("a name in .env that nothing would read is refused", () => {
  test.each([
    ["misspelt", "DATABSE_URL=x\n", /^DATABSE_URL in \.env .* Did you mean DATABASE_URL\?/],
    ["two of them", "PORTT=1\nLOG_LEVL=x\n", /^LOG_LEVL.*LOG_LEVEL\?.*PORTT.*Did you mean PORT\?/],
    [
      "for the environment",
      "AWS_ACCESS_KEY_ID=x\n",
      /^AWS_ACCESS_KEY_ID must be set in the environment/,
    ],
  ])("%s", async (_what, content, sentence) => {
    const folder = await mkdtemp(join(tmpdir(), "sealdesk-env-"));
    await writeFile(join(folder, ".env"), content);
    expect(() => readEnvFile(join(folder, ".env"))).toThrow(
      expect.objectContaining({
        name: "ConfigError",
        message: expect.stringMatching(sentence) as string,
      }),
    );
    await rm(folder, { recursive: true });
  });

  test("unless Docker Compose or docker-compose.yml reads it from the same file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sealdesk-env-"));
    const content = "POSTGRES_PASSWORD=a\nSERVER_PASSWORD=b\nCOMPOSE_PROFILES=vault\n";
    await writeFile(join(folder, ".env"), content);
    expect(Object.keys(readEnvFile(join(folder, ".env")))).toHaveLength(3);
    await rm(folder, { recursive: true });
  });
});

test("a .env that cannot be read is refused in a sentence", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-env-"));
  expect(() => readEnvFile(folder)).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      message: expect.stringMatching(
        /^\.env in the working directory cannot be read \(EISDIR\); .*\.$/,
      ),
    }),
  );
  await rm(folder, { recursive: true });
});

test("only SEALDESK_ names that neither Sealdesk nor Kubernetes knows are reported", () => {
  const environment = {
    SEALDESK_HOME: "/data",
    SEALDESK_SERVICE_HOST: "10.0.0.1",
    SEALDESK_PORT_8080_TCP_ADDR: "10.0.0.1",
    SEALDESK_KEYRING_PASPHRASE: "x",
    PATH: "/bin",
  };
  expect(unknownSealdeskVariables(environment)).toEqual(["SEALDESK_KEYRING_PASPHRASE"]);
});

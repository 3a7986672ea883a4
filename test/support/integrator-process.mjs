// An integrator of its own process, from the built code, to be killed.
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { directoryCheckpoints } from "../../dist/audit/checkpoints/directory-store.js";
import { Integrator } from "../../dist/audit/integrate/integrator.js";

const [, , url, folder] = process.argv;
const seed = Buffer.alloc(32, 7);
const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
const { x } = createPublicKey(privateKey).export({ format: "jwk" });
const integrator = new Integrator({
  url,
  originPrefix: "audit.example",
  signer: {
    publicKey: Buffer.from(x, "base64url"),
    sign: async (bytes) => sign(null, bytes, privateKey),
  },
  store: directoryCheckpoints(folder),
  pollMs: 5,
  retryMs: 20,
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
process.send("ready");
process.on("disconnect", () => void integrator.close());

import { verifyProof } from "../../../keys/tokens/device-proof.ts";
import { dpopProof, ed25519 } from "../../support/device.ts";

test("a proof for no URL fits no request, also one whose own URL is none", async () => {
  // What an absolute-form request target makes of a public URL with a port.
  const url = "http://127.0.0.1:8080http://elsewhere/v1/staff";
  const proof = dpopProof(ed25519(), { method: "GET", url: "nowhere" });
  await expect(verifyProof({ proof, method: "GET", url, now: Date.now() })).rejects.toMatchObject({
    code: "invalid_proof",
  });
});

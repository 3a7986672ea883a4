import { verifyProof } from "../../../identity/tokens/device-proof.ts";
import { dpopProof, ed25519 } from "../../support/device.ts";

test("a proof for no URL fits no request, even one whose own URL is invalid", async () => {
  // The URL that an absolute-form request target gives with a public URL that has a port.
  const url = "http://127.0.0.1:8080http://elsewhere/v1/staff";
  const proof = dpopProof(ed25519(), { method: "GET", url: "nowhere" });
  await expect(verifyProof({ proof, method: "GET", url, nowMs: Date.now() })).rejects.toMatchObject(
    {
      code: "invalid_proof",
    },
  );
});

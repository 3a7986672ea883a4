import { ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { s3Store } from "../../../messaging/attachments/stores/s3-store.ts";
import { blobStoreConformance, type StoreUnderTest } from "../../support/blob-store-conformance.ts";
import { startRealS3 } from "../../support/real-s3.ts";

async function inS3(): Promise<StoreUnderTest> {
  const s3 = await startRealS3();
  const bucket = await s3.newBucket("plain");
  const open = () => s3Store({ ...s3.options, bucket });
  return {
    store: open(),
    again: open,
    async rest() {
      const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
      const { Uploads = [] } = await s3.client.send(
        new ListMultipartUploadsCommand({ Bucket: bucket }),
      );
      return [...Contents, ...Uploads].map(({ Key = "" }) => Key);
    },
    close: () => s3.close(),
  };
}

describe("a real S3", () => blobStoreConformance(inS3));

// The name that a bucket's blob store keeps beside its bytes (see ../store-id.ts).
import { text } from 'node:stream/consumers';
import { newHexId } from '@longshore/base';
import { parseStoreId } from '../store-id.ts';
import { ObjectChangedError } from './bucket.ts';
import type { S3Context } from './context.ts';
import { s3Error } from './failures.ts';

/** The name, made by the first of all processes who asks. */
export async function bucketStoreId({ bucket, keys }: Pick<S3Context, 'bucket' | 'keys'>): Promise<string> {
  const read = async () => {
    const object = await bucket.get(keys.storeId);
    return object && parseStoreId(await text(object.body), keys.storeId);
  };
  try {
    const held = await read();
    if (held !== undefined) return held;
    const id = newHexId();
    try {
      await bucket.put(keys.storeId, Buffer.from(`${id}\n`), { ifMatch: null });
      return id;
    } catch (error) {
      const theirs = error instanceof ObjectChangedError ? await read() : undefined;
      if (theirs === undefined) throw error;
      return theirs;
    }
  } catch (error) {
    throw s3Error(error);
  }
}

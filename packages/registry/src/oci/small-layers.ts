// Small layers out of memory: configs above all, which many machines ask for at once. Reading one takes four calls to the thread
// pool, which cost more than all else of the answer. Each caller's own (image-memory.ts), and never one that is sealed: its key
// may be withheld at any time.
import type { ByteSink } from '@longshore/blobs';
import type { LayerBytes } from '../encryption/sealing.ts';
import type { RepositoryRef } from '../names.ts';
import type { OciCall } from './call.ts';
import type { SentLayer } from './send-blob.ts';

/** Larger ones are read each time. */
const longest = 16 * 1024;

async function readWhole(bytes: LayerBytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const sink: ByteSink = { write: async (chunk) => void chunks.push(Buffer.from(chunk)) };
  await bytes.copyTo(sink);
  return Buffer.concat(chunks);
}

/** The same layer, whose bytes are kept if they are few. `sealed`: they may not be. */
export function keptIfSmall(
  { core, caller }: OciCall,
  ref: RepositoryRef,
  layer: SentLayer,
  sealed: boolean,
): SentLayer {
  if (sealed || layer.size > longest) return layer;
  return {
    ...layer,
    async open() {
      const whole = await core.imageMemory.bytes(caller.principal.arn, ref, layer.digest, async () =>
        readWhole(await layer.open()),
      );
      return {
        whole,
        copyTo: (sink, range) => sink.write(range ? whole.subarray(range.first, range.last + 1) : whole),
      };
    },
  };
}

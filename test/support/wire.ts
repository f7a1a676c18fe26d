// Keeps an SDK client's answers as they came over the wire, before the SDK leaves out what it does not know.
import { Readable } from 'node:stream';

interface Middlewares {
  add(
    middleware: (
      next: (args: never) => Promise<{ readonly response: unknown }>,
    ) => (args: never) => Promise<{ readonly response: unknown }>,
    options: { readonly step: 'deserialize'; readonly priority: 'low'; readonly name: string },
  ): void;
}

async function readAll(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Gives a function that tells the body of the last answer. */
export function keepWire(client: { readonly middlewareStack: unknown }): () => string {
  let wire = '';
  (client.middlewareStack as Middlewares).add(
    (next) => async (args) => {
      const out = await next(args);
      const response = out.response as { body?: unknown };
      const bytes = await readAll(response.body as AsyncIterable<Uint8Array>);
      wire = bytes.toString();
      response.body = Readable.from([bytes]);
      return out;
    },
    { step: 'deserialize', priority: 'low', name: 'keepTheWire' },
  );
  return () => wire;
}

// JSON documents in columns: written without `undefined`, read back as the type that wrote them (the store is ours alone).

export function writeDocument(value: object): string {
  return JSON.stringify(value);
}

export function readDocument<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** A Date for milliseconds since the epoch, keeping undefined. */
export function dateOf(ms: number | null | undefined): Date | undefined {
  return ms === null || ms === undefined ? undefined : new Date(ms);
}

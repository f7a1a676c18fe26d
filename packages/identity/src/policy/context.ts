// The request context: condition keys and their values, as policies see them. Keys are compared without case.

/** By key in lower case. A key that is there has at least one value. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

/** Builds a context; later entries win. Undefined and empty values mean that the key is not there. */
export function conditionContext(
  ...layers: readonly Readonly<Record<string, string | readonly string[] | undefined>>[]
): ConditionContext {
  const context = new Map<string, readonly string[]>();
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      if (value === undefined || value.length === 0) continue;
      context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
  }
  return context;
}

// The request context: condition keys and their values, as policies see them. Keys are compared without case.

/** By key in lower case. A key that is there has at least one value. */
export type ConditionContext = Pick<ReadonlyMap<string, readonly string[]>, 'get' | 'has' | typeof Symbol.iterator>;

/** A context that is built when it is first asked: most policies have no conditions, and gathering keys costs more than the rest. */
export function lazyContext(build: () => ConditionContext): ConditionContext {
  let built: ConditionContext | undefined;
  const context = () => {
    built ??= build();
    return built;
  };
  return {
    get: (key) => context().get(key),
    has: (key) => context().has(key),
    [Symbol.iterator]: () => context()[Symbol.iterator](),
  };
}

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

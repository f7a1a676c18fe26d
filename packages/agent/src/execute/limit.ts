// A bound on how many things are done at once.

export interface Limit {
  /** Runs `work` when there is room. */
  <T>(work: () => Promise<T>): Promise<T>;
}

export function createLimit(most: number): Limit {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    // Whoever is woken takes over the place of the one who ended, so that `running` never exceeds `most`.
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

// The terminal of this process, as a session in a container needs it: keys as they come, its size, and what is piped in.

export interface Terminal {
  /** Whether both sides are a terminal. */
  readonly isTerminal: boolean;
  size(): { readonly cols: number; readonly rows: number };
  /** Takes the terminal over: keys come as bytes, Ctrl-C too. The answer gives it back. */
  attach(handlers: {
    readonly data: (bytes: Uint8Array) => void;
    readonly end: () => void;
    readonly resize: () => void;
  }): () => void;
}

export function processTerminal(): Terminal {
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true;
  return {
    isTerminal,
    size: () => ({ cols: stdout.columns ?? 80, rows: stdout.rows ?? 24 }),
    attach({ data, end, resize }) {
      if (isTerminal) stdin.setRawMode(true);
      stdin.on('data', data);
      stdin.on('end', end);
      stdout.on('resize', resize);
      stdin.resume();
      return () => {
        stdin.off('data', data);
        stdin.off('end', end);
        stdout.off('resize', resize);
        if (isTerminal) stdin.setRawMode(false);
        stdin.pause();
        stdin.unref();
      };
    },
  };
}

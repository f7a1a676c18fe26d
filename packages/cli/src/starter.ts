// What `up` in the background tells the command that started it, over Node's channel between parent and child.
import { z } from 'zod';

const noteSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), line: z.string() }),
  z.object({ kind: z.literal('ready'), url: z.string() }),
  z.object({ kind: z.literal('hello'), url: z.string().optional(), problem: z.string().optional() }),
]);

export type StarterNote = z.infer<typeof noteSchema>;

/** The note in a message of the child; undefined if it is none. */
export function parseNote(message: unknown): StarterNote | undefined {
  return noteSchema.safeParse(message).data;
}

export interface Starter {
  tell(note: StarterNote): void;
  /** Nothing more to tell. */
  leave(): void;
}

/** The starter of this process; telling does nothing where there is none, or where it has gone. */
export function starterOf(child: Pick<NodeJS.Process, 'send' | 'connected' | 'disconnect'>): Starter {
  return {
    tell(note) {
      if (child.connected) child.send?.(note, undefined, undefined, () => undefined);
    },
    leave() {
      if (child.connected) child.disconnect?.();
    },
  };
}

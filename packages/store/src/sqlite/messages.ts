// What travels between the store and its writer thread.
import type { SqlValue } from '../sql.ts';
import type { StepResult } from '../types.ts';
import type { TextNews } from './texts.ts';

export interface PlainStep {
  readonly text: string;
  readonly params: readonly SqlValue[];
  readonly expect: number | undefined;
}

/** Steps that happen all or not at all. */
export interface Batch {
  readonly id: number;
  readonly steps: readonly PlainStep[];
}

/** Why a batch was rolled back. `race`: an expectation, a unique or a foreign key; `fault`: anything else. */
export interface Failure {
  readonly kind: 'race' | 'fault' | 'unknown-outcome';
  /** The step that failed, or -1. */
  readonly step: number;
  readonly detail: string;
}

export type Outcome =
  | { readonly id: number; readonly results: readonly StepResult[] }
  | { readonly id: number; readonly failure: Failure };

/** A batch as it travels: its statements by number. */
export interface SentBatch {
  readonly id: number;
  readonly steps: readonly (Omit<PlainStep, 'text'> & { readonly statement: number })[];
}

export type ToWriter =
  | { readonly kind: 'batches'; readonly batches: readonly SentBatch[]; readonly news: TextNews }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready' }
  | { readonly kind: 'outcomes'; readonly outcomes: readonly Outcome[] }
  /** The database can no longer be trusted; the thread ends. */
  | { readonly kind: 'broken'; readonly detail: string };

export interface WriterData {
  readonly path: string;
}

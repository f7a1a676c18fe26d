// What is remembered about uploads between requests: who is writing, and the hash so far. All of it may be forgotten at any
// time; then the bytes are read again when the upload is finished.
import type { Hash } from 'node:crypto';
import type { Digest, DigestAlgorithm } from '@longshore/base';
import { UploadBusyError, UploadNotFoundError } from './errors.ts';
import { isUploadId } from './layout.ts';

export interface UploadState {
  busy: boolean;
  /** The hash of the first `hashedBytes` bytes, unless it is unknown. */
  hash: Hash | undefined;
  hashedBytes: number;
  algorithm: DigestAlgorithm;
  /** Whether the upload's name is known to be durable. */
  named: boolean;
  /** The blob it became, until it is released. */
  finished: Digest | undefined;
  /** What the store calls the version of the upload that `hash` belongs to, where it has such names. */
  version: string | undefined;
  /** Nothing more will be written: forget this. */
  ended: boolean;
  /** What is to be done when whoever is writing ends; once it is set, nothing more need be written. */
  last: UploadWork<void> | undefined;
}

type UploadWork<T> = (state: UploadState) => Promise<T>;

export interface UploadTable {
  /** Runs `work` unless another runs for the same upload: then throws `UploadBusyError`. */
  exclusively<T>(upload: string, work: UploadWork<T>): Promise<T>;
  /** Runs `work` or, while another runs for the same upload, leaves it to be run when that one ends. */
  lastly(upload: string, work: UploadWork<void>): Promise<void>;
}

/** How many uploads that nobody is writing to are remembered; the least recently used is forgotten first. */
const mostIdle = 1024;

export function createUploadTable(): UploadTable {
  // A Map iterates in the order of insertion, and every use inserts anew: the first is the least recently used.
  const states = new Map<string, UploadState>();
  let busy = 0;

  function take(upload: string): UploadState {
    const state = states.get(upload) ?? newState();
    if (state.busy) throw new UploadBusyError(upload);
    states.delete(upload);
    states.set(upload, state);
    state.busy = true;
    busy += 1;
    return state;
  }

  function giveBack(upload: string, state: UploadState): void {
    state.busy = false;
    busy -= 1;
    if (state.ended) states.delete(upload);
    let excess = states.size - busy - mostIdle;
    for (const [id, other] of states) {
      if (excess <= 0) return;
      if (other.busy) continue;
      states.delete(id);
      excess -= 1;
    }
  }

  async function exclusively<T>(upload: string, work: UploadWork<T>): Promise<T> {
    if (!isUploadId(upload)) throw new UploadNotFoundError(upload);
    const state = take(upload);
    try {
      return await thenLast(state, work);
    } catch (error) {
      if (error instanceof UploadNotFoundError) state.ended = true;
      throw error;
    } finally {
      state.last = undefined;
      giveBack(upload, state);
    }
  }

  return {
    exclusively,
    async lastly(upload, work) {
      const state = states.get(upload);
      if (state?.busy) state.last = work;
      else await exclusively(upload, work);
    },
  };
}

async function thenLast<T>(state: UploadState, work: UploadWork<T>): Promise<T> {
  try {
    return await work(state);
  } finally {
    await state.last?.(state);
  }
}

function newState(): UploadState {
  return {
    busy: false,
    hash: undefined,
    hashedBytes: 0,
    algorithm: 'sha256',
    named: false,
    finished: undefined,
    version: undefined,
    ended: false,
    last: undefined,
  };
}

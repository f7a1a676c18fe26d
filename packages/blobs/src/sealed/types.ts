// The nouns of sealing: what is remembered of an upload whose bytes are sealed as they arrive.
import type { Digest } from '@longshore/base';

/** What must outlive a request. The tail is the end of the plaintext that does not fill a chunk yet, sealed. */
export interface SealProgress {
  /** How many chunks were in the upload when `tail` was saved; more of them mean that it went into one. */
  readonly chunks: number;
  readonly tail: Uint8Array;
  /** Set once the blob is complete and its digest verified: finishing again does the rest. */
  readonly finished?: SealedResult | undefined;
}

export interface SealedResult {
  /** The digest of the sealed bytes, under which they are stored. */
  readonly stored: Digest;
  /** Of the plaintext. */
  readonly digest: Digest;
  readonly size: number;
}

/** An upload whose bytes are sealed, and where its progress is kept. */
export interface SealedUpload {
  readonly id: string;
  /** 32 bytes, for this one blob only. */
  readonly dataKey: Uint8Array;
  load(): Promise<SealProgress>;
  /** Durable when it resolves, if the upload is to survive a restart. */
  save(progress: SealProgress): Promise<void>;
}

export const noProgress: SealProgress = Object.freeze({ chunks: 0, tail: new Uint8Array(0) });

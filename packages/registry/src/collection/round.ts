// One round of collection: links that nothing needs go, then blobs that nothing links. Small transactions, one blob's
// bytes at a time, with rests between them (pace.ts); what cannot be done now is left for later and stops nothing else.
import { errorText } from '@longshore/base';
import { holdsLease, type Step, sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { dueBlobs, dueLinks } from './due.ts';
import { createPace, type Pace } from './pace.ts';
import { decideBlob, decideLink, type DueBlob, type DueLink } from './rules.ts';
import {
  claimStep,
  condemnStep,
  forgetBlobSteps,
  forgetRemovalsStep,
  laterBlobStep,
  laterLinkStep,
  retryStep,
  settleBlobStep,
  settleLinkStep,
  unlinkStep,
} from './steps.ts';
import { suspectBlobsStep } from './suspects.ts';
import type { Turn } from './turn.ts';

/** Rows looked at in one transaction; removals between two transactions are a part of it. */
const page = 50;
/** Pages of each queue in one round. */
const pages = 200;
/** How long a removal is remembered: longer than any push takes to store bytes and record them. */
const rememberMs = 24 * 60 * 60 * 1000;
const retryMs = 60_000;

export interface RoundReport {
  /** Links that went. */
  readonly unlinked: number;
  /** Blobs that go in a later round unless they are rescued. */
  readonly condemned: number;
  readonly removed: number;
  readonly removedBytes: number;
  /** Blobs whose bytes could not be removed; they are tried again. */
  readonly failed: number;
  /** There was more to look at than one round does. */
  readonly more: boolean;
}

type Tally = { -readonly [Key in Exclude<keyof RoundReport, 'more'>]: number };

/** When a round is to end although there is more to do. */
export interface RoundBounds {
  /** By the clock, in milliseconds. */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

interface Round {
  readonly core: Core;
  readonly turn: Turn;
  readonly pace: Pace;
  readonly now: number;
  readonly tally: Tally;
  isOver(): boolean;
}

/** Runs a round; `turn` is asked before every write. Throws NotOurTurnError, and what the store throws. */
export async function collectRound(core: Core, turn: Turn, bounds: RoundBounds = {}): Promise<RoundReport> {
  const { clock, store } = core;
  const { until = Number.POSITIVE_INFINITY, signal } = bounds;
  const now = clock.now();
  const tally: Tally = { unlinked: 0, condemned: 0, removed: 0, removedBytes: 0, failed: 0 };
  const isOver = () => signal?.aborted === true || clock.now() >= until;
  const round: Round = { core, turn, pace: createPace(clock, core.blobs.isShortOfSpace, signal), now, tally, isOver };
  const more = [
    await eachPage(
      round,
      () => dueLinks(store, now, page),
      (links) => collectLinks(round, links),
    ),
    await eachPage(
      round,
      () => dueBlobs(store, now, page),
      (blobs) => collectBlobs(round, blobs),
    ),
  ];
  await forgetRemovals(core, turn, now);
  return { ...tally, more: more.includes(true) };
}

async function forgetRemovals(core: Core, turn: Turn, now: number): Promise<void> {
  const old = sql`SELECT digest FROM registry_removed_blobs WHERE forget_at <= ${now} LIMIT 1`;
  if (await core.store.get(old)) await core.store.write([holdsLease(await turn.hold()), forgetRemovalsStep(now)]);
}

/** Works through a queue; what was worked on is not due any more. True if there may be more. */
async function eachPage<T>(
  { pace, isOver }: Round,
  read: () => Promise<readonly T[]>,
  work: (rows: readonly T[]) => Promise<void>,
): Promise<boolean> {
  for (let n = 0; n < pages; n++) {
    if (isOver()) return true;
    const rows = await read();
    if (rows.length === 0) return false;
    await work(rows);
    await pace.rest();
  }
  return true;
}

function linkSteps(link: DueLink, now: number): Step[] {
  switch (decideLink(link, now)) {
    case 'settle':
      return [settleLinkStep(link)];
    case 'wait':
      return [laterLinkStep(link)];
    case 'unlink':
      return [unlinkStep(link, now), suspectBlobsStep(sql`${link.stored}`)];
  }
}

async function collectLinks({ core, turn, now, tally }: Round, links: readonly DueLink[]): Promise<void> {
  const plans = links.map((link) => linkSteps(link, now));
  const results = await core.store.write([holdsLease(await turn.hold()), ...plans.flat()]);
  let at = 1;
  for (const plan of plans) {
    if (plan.length === 2) tally.unlinked += results[at]?.changes ?? 0;
    at += plan.length;
  }
}

function blobStep(blob: DueBlob, now: number): Step {
  switch (decideBlob(blob, now)) {
    case 'settle':
      return settleBlobStep(blob);
    case 'wait':
      return laterBlobStep(blob);
    case 'condemn':
      return condemnStep(blob, now);
    case 'remove':
      return claimStep(blob);
  }
}

async function collectBlobs(round: Round, blobs: readonly DueBlob[]): Promise<void> {
  const { core, turn, now, tally } = round;
  const lease = await turn.hold();
  const results = await core.store.write([holdsLease(lease), ...blobs.map((blob) => blobStep(blob, now))]);
  const claimed: DueBlob[] = [];
  blobs.forEach((blob, i) => {
    if (results[i + 1]?.changes !== 1) return;
    const decision = decideBlob(blob, now);
    if (decision === 'condemn') tally.condemned += 1;
    if (decision === 'remove') claimed.push(blob);
  });
  if (claimed.length > 0) await removeClaimed(round, claimed);
}

/** The bytes of blobs that are `deleting`, then their records. A crash in between leaves them for the next round. */
async function removeClaimed({ core, turn, pace, tally }: Round, blobs: readonly DueBlob[]): Promise<void> {
  const done: Step[] = [];
  for (const blob of blobs) {
    const { expires } = await turn.hold();
    try {
      await core.blobs.remove(blob.digest);
      done.push(...forgetBlobSteps(blob, core.clock.now() + rememberMs));
      tally.removed += 1;
      tally.removedBytes += blob.size;
      core.counters.blobsRemoved.add();
      core.counters.removedBytes.add(blob.size);
    } catch (error) {
      done.push(retryStep(blob, core.clock.now() + retryMs));
      tally.failed += 1;
      core.log.error({ err: error, digest: blob.digest, reason: errorText(error) }, 'a blob could not be removed');
    }
    if (core.clock.now() > expires) throw new Error('Removing a blob took longer than the lease of collection');
    await pace.rest();
  }
  await core.store.write([holdsLease(await turn.hold()), ...done]);
}

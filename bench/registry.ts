// Longshore's registry beside its peers in the same run, in turns. Sections: manifests and blobs (some two minutes), or those that
// LONGSHORE_BENCH_SECTIONS names, of manifests, blobs, zb, lists, memory, collection (long in their full size). Less of it: LONGSHORE_BENCH_ROUNDS, _ENTRIES (of lists), _TRANSFER_MB (of memory).
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interleave, machineLine, median, printTable } from './harness.ts';
import { type Lists, measureLists, prepareLists } from './registry-lists.ts';
import { measureCollection } from './registry-collection.ts';
import { measureMemory } from './registry-memory.ts';
import { blobBytes, manifestRate, measureBlobs, measureManifests, pushSmallImage } from './registry-rates.ts';
import { longshoreSide, peerSides, peerVersion, type Side } from './registry-sides.ts';
import { measureZb } from './registry-zb.ts';

const rounds = Number(process.env.LONGSHORE_BENCH_ROUNDS ?? 3);
const sections = (process.env.LONGSHORE_BENCH_SECTIONS ?? 'manifests,blobs').split(',');

/** Samples by side and row. */
type Samples = Map<Side, Map<string, number[]>>;

function note(samples: Samples, side: Side, figures: ReadonlyMap<string, number>): void {
  const rows = samples.get(side) ?? new Map<string, number[]>();
  samples.set(side, rows);
  for (const [row, value] of figures) rows.set(row, [...(rows.get(row) ?? []), value]);
}

function text(values: readonly number[] | undefined): string {
  if (values === undefined) return '–';
  const value = median(values);
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

/** Ours against the best peer: of rates the highest, of costs the lowest. */
function ratio(row: string, ours: readonly number[] | undefined, peers: readonly (readonly number[])[]): string {
  if (ours === undefined || peers.length === 0) return '–';
  const medians = peers.map(median);
  return (median(ours) / (row.endsWith('/s') ? Math.max(...medians) : Math.min(...medians))).toFixed(2);
}

function print(sides: readonly Side[], samples: Samples): void {
  const [ours, ...peers] = sides;
  if (!ours) return;
  const rows = [...(samples.get(ours)?.keys() ?? [])].map((row) => {
    const held = peers.flatMap((peer) => [samples.get(peer)?.get(row)].filter((each) => each !== undefined));
    const own = samples.get(ours)?.get(row);
    const spread = own ? `${text([Math.min(...own)])}–${text([Math.max(...own)])}` : '–';
    return [row, ...sides.map((side) => text(samples.get(side)?.get(row))), ratio(row, own, held), spread];
  });
  printTable(['', ...sides.map((side) => side.name), 'to best peer', 'range of ours'], rows);
}

async function measure(sides: readonly Side[], section: string, folder: string, samples: Samples): Promise<void> {
  switch (section) {
    case 'manifests':
      for (const side of sides) {
        await pushSmallImage(side, folder);
        await manifestRate(side, 1);
      }
      return interleave(rounds, sides, async (side) => note(samples, side, await measureManifests(side)));
    case 'blobs': {
      const content = randomBytes(blobBytes);
      return interleave(rounds, sides, async (side) => note(samples, side, await measureBlobs(side, content, folder)));
    }
    case 'zb':
      return interleave(rounds, sides, async (side, round) => note(samples, side, await measureZb(side, round)));
    case 'lists': {
      const lists = new Map<Side, Lists>();
      for (const side of sides) lists.set(side, await prepareLists(side));
      await interleave(rounds, sides, async (side) => {
        const filled = lists.get(side);
        if (filled) note(samples, side, await measureLists(filled));
      });
      for (const { client } of lists.values()) client.close();
      return;
    }
    case 'collection': {
      const [ours] = sides;
      for (let round = 0; ours && round < rounds; round += 1) note(samples, ours, await measureCollection());
      return;
    }
    case 'memory':
      for (const side of sides) note(samples, side, await measureMemory(side));
      return;
    default:
      throw new Error(`There is no section ${section}: manifests, blobs, zb, lists, memory, collection`);
  }
}

async function benchmark(): Promise<void> {
  process.stdout.write(`Registry: Longshore beside docker-registry ${await peerVersion()} and, where Go can build them, distribution 3.1.2 and zot
${machineLine()}; ${rounds} rounds in turns, medians
Longshore verifies a credential in every request and answers a PUT after the blob is durable (fsync); the peers have
no authentication here, no log of requests, and do not sync. Blobs of ${blobBytes / 2 ** 20} MiB, each PUT a new one.
`);
  for (const section of sections) {
    // Each section begins with new processes, so that none inherits the memory or the disk of the one before.
    await using ours = await longshoreSide();
    const peers = await peerSides();
    await using stack = new AsyncDisposableStack();
    for (const peer of peers) stack.use(peer);
    const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const samples: Samples = new Map();
    const start = performance.now();
    await measure([ours, ...peers], section, folder, samples);
    process.stdout.write(`\n${section} (${Math.round((performance.now() - start) / 1000)} s)\n`);
    print([ours, ...peers], samples);
  }
}

await benchmark();

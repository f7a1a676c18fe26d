// What is kept between writes is forgotten with the tables that it was read from: they are all named, and no row of them changes
// by a statement that names another table. A step that says whose rows it changes (`Step.within`) changes no others.
import { digestOf } from '@longshore/base';
import { type Sql, type Step, sql, type Store } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { expect, test } from 'vitest';
import { openTestRegistry, pushBlob, pushImage } from './testing/fixture.ts';

/**
 * Of a GET of `path`: the tables that the store was asked for the revision of, and those that were read; and those that are read
 * again after an image was pushed to another repository.
 */
async function tablesOf(path: string) {
  const named = new Set<string>();
  const read = new Set<string>();
  const note = ({ text }: Sql) => {
    for (const [, table] of text.matchAll(/\b(?:FROM|JOIN)\s+(registry_\w+)/g)) if (table) read.add(table);
  };
  const wrapStore = (store: Store): Store => ({
    ...store,
    all(query) {
      note(query);
      return store.all(query);
    },
    get(query) {
      note(query);
      return store.get(query);
    },
    revision(tables, within) {
      for (const table of tables ?? []) named.add(table);
      return store.revision(tables, within);
    },
  });
  const [backEnd] = testStores();
  if (!backEnd) throw new Error('There is no store');
  const at = await openTestRegistry({ backEnd, wrapStore });
  try {
    await pushImage(at, 'kept/app', 'v1', ['layer']);
    await pushImage(at, 'kept/other', 'v1', ['layer']);
    await (await at.ask(path)).text();
    // What is kept otherwise (rules) stays, what is kept between writes is read again.
    await at.store.write([{ sql: sql`WITH v AS (SELECT 1) UPDATE registry_repositories SET version = version` }]);
    named.clear();
    read.clear();
    expect((await at.ask(path)).status).toBe(200);
    const [first, tables] = [new Set(read), new Set(named)];
    await pushImage(at, 'kept/other', 'v2', ['another layer']);
    read.clear();
    await (await at.ask(path)).text();
    return { named: tables, read: first, again: new Set(read), indirect: await changedIndirectly(at.store) };
  } finally {
    await at.close();
  }
}

/** Tables whose rows may go or change by a statement that names another. */
async function changedIndirectly(store: Store): Promise<string[]> {
  const rows = await store.all<{ changed: string }>(
    sql`SELECT m.name AS changed FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
        AND (f.on_delete NOT IN ('NO ACTION', 'RESTRICT') OR f.on_update NOT IN ('NO ACTION', 'RESTRICT'))
      UNION ALL SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger'`,
  );
  return rows.map((row) => row.changed);
}

test.each([
  ['a manifest', '/v2/kept/app/manifests/v1'],
  ['a layer', `/v2/kept/app/blobs/${digestOf('layer')}`],
  ['tags', '/v2/kept/app/tags/list'],
  ['the catalog', '/v2/_catalog'],
  ['referrers', `/v2/kept/app/referrers/${digestOf('layer')}`],
])('%s', async (_, path) => {
  const { named, read, again, indirect } = await tablesOf(path);
  expect(read.size).toBeGreaterThan(0);
  // The policy of the registry is asked for each catalog.
  expect(again).toEqual(new Set(path === '/v2/_catalog' ? ['registry_accounts'] : []));
  expect([...read].filter((table) => !named.has(table))).toEqual([]);
  expect(indirect.length).toBeGreaterThan(0);
  expect(indirect.filter((table) => named.has(table))).toEqual([]);
});

const memoryTables = ['registry_repositories', 'registry_repository_blobs', 'registry_manifests', 'registry_tags'];

test('steps that are within a repository or an account name it in their conditions', async () => {
  const steps: Step[] = [];
  const wrapStore = (store: Store): Store => ({
    ...store,
    write(written) {
      steps.push(...written);
      return store.write(written);
    },
    update: (plan) =>
      store.update(async (view) => {
        const planned = await plan(view);
        steps.push(...planned.steps);
        return planned;
      }),
  });
  const [backEnd] = testStores();
  if (!backEnd) throw new Error('There is no store');
  let now = Date.now();
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const at = await openTestRegistry({ backEnd, wrapStore, clock, collection: { graceMs: 10_000, everyMs: 3_600_000 } });
  const ask = async (method: string, path: string) => expect((await at.ask(path, { method })).ok).toBe(true);
  try {
    await pushImage(at, 'one/app', 'v1', ['layer']);
    await pushImage(at, 'one/app', 'v1', ['other']);
    await pushBlob(at, 'one/app', 'alone');
    const ids = new Map<string, string>();
    for (const { id, name } of await at.store.all<{ id: string; name: string }>(
      sql`SELECT id, name FROM registry_repositories`,
    )) {
      ids.set(`${at.account.id}/${name}`, id);
    }
    await ask('POST', `/v2/one/app/blobs/uploads/?mount=${digestOf('layer')}&from=one/app`);
    await ask('DELETE', `/v2/one/app/blobs/${digestOf('alone')}`);
    const got = await at.ask('/v2/one/app/manifests/v1');
    await got.arrayBuffer();
    for (const { id, stop } of at.registry.services) if (id === 'registry/pull-times') await stop();
    await ask('DELETE', '/v2/one/app/manifests/v1');
    await ask('DELETE', `/v2/one/app/manifests/${got.headers.get('docker-content-digest')}`);
    now += 60_000;
    expect((await at.registry.collect(60_000)).unlinked).toBeGreaterThan(0);
    const named = steps.filter(({ within }) => within !== undefined);
    for (const { sql: statement, within = '' } of named) {
      const [account, ...name] = within.split('/');
      const known: readonly unknown[] = statement.params;
      const own = name.length === 0 ? known.includes(account) : known.includes(ids.get(within));
      expect(own || (known.includes(account) && known.includes(name.join('/'))), statement.text).toBe(true);
    }
    const tables = new Set(named.map((step) => /\bregistry_\w+/.exec(step.sql.text)?.[0]));
    expect(tables).toEqual(new Set([...memoryTables, 'registry_accounts']));
  } finally {
    await at.close();
  }
});

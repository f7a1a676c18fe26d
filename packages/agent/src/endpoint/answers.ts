// The task endpoint's paths and what is answered to them. A path carries an id that nobody can guess: a container's for its
// metadata, a role's for its keys. Whoever has it, has been given it.
import type { Engine } from '../docker/engine.ts';
import type { Limit } from '../execute/limit.ts';
import type { Worker } from '../worker.ts';
import type { RoleKeys } from './role-keys.ts';
import { containerMetadata, type MetadataVersion, type Seen, taskMetadata } from './shapes.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface AnswerParts {
  readonly engine: Engine;
  readonly workers: () => readonly Worker[];
  readonly keys: RoleKeys;
  /** Bounds how much of the Engine is asked for at once. */
  readonly limit: Limit;
}

function findContainer(workers: readonly Worker[], id: string) {
  for (const worker of workers)
    for (const [name, progress] of Object.entries(worker.record().containers))
      if (progress.endpointId === id) return { worker, name };
  return undefined;
}

async function look(engine: Engine, worker: Worker, name: string): Promise<Seen | undefined> {
  const id = worker.observed().get(name)?.id;
  const container = id === undefined ? undefined : await engine.inspectContainer(id);
  if (!container) return undefined;
  const holder = worker.observed().get(name)?.holder;
  return { container, holder: holder === undefined ? undefined : await engine.inspectContainer(holder) };
}

/** Answers `GET path`. */
export function createAnswers(parts: AnswerParts): (path: string) => Promise<Answer> {
  const { engine, limit } = parts;

  async function container(worker: Worker, name: string, version: MetadataVersion): Promise<Answer> {
    const record = worker.record();
    const container = record.task.containers.find((one) => one.name === name);
    const seen = await limit(() => look(engine, worker, name));
    return container
      ? { status: 200, body: containerMetadata(record, container, seen, version) }
      : { status: 404, body: 'the container is not there any more' };
  }

  async function task(worker: Worker, version: MetadataVersion): Promise<Answer> {
    const seen = new Map<string, Seen>();
    for (const { name } of worker.record().task.containers) {
      const one = await limit(() => look(engine, worker, name));
      if (one) seen.set(name, one);
    }
    return { status: 200, body: taskMetadata(worker.record(), seen, version) };
  }

  const statsOf = async (worker: Worker, name: string) => {
    const seen = worker.observed().get(name);
    return seen?.status === 'running' ? await limit(() => engine.stats(seen.id)) : undefined;
  };

  /** By Docker id, null for a container that does not run, as Amazon's agent answers. */
  async function taskStats(worker: Worker): Promise<Answer> {
    const entries: [string, unknown][] = [];
    for (const { name } of worker.record().task.containers) {
      const id = worker.observed().get(name)?.id;
      if (id !== undefined) entries.push([id, (await statsOf(worker, name)) ?? null]);
    }
    return { status: 200, body: Object.fromEntries(entries) };
  }

  return async (path) => {
    const keys = /^\/v2\/credentials\/?([^/]*)$/.exec(path);
    if (keys) return parts.keys.answer(keys[1] ?? '');
    const [, version, id = '', rest] = /^\/(v3|v4)\/([0-9a-f]{32})(\/.*)?$/.exec(path) ?? [];
    const found = version === undefined ? undefined : findContainer(parts.workers(), id);
    if (!found) return { status: 404, body: 'unable to get the container of this path' };
    const { worker, name } = found;
    switch (rest) {
      case undefined:
      case '/':
        return container(worker, name, version as MetadataVersion);
      case '/task':
      case '/taskWithTags':
        return task(worker, version as MetadataVersion);
      case '/stats': {
        const stats = await statsOf(worker, name);
        return stats === undefined ? { status: 404, body: 'the container does not run' } : { status: 200, body: stats };
      }
      case '/task/stats':
        return taskStats(worker);
      default:
        return { status: 404, body: 'there is nothing at this path' };
    }
  };
}

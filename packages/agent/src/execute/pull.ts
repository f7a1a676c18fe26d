// Getting an image onto this machine. As ECS's agent does by default, the registry is asked each time a task starts; if
// it cannot be asked (down, overloaded), an image that is here is used. Unlike it, a registry's plain "no" (not found,
// denied, withdrawn) is final: an image that was here before does not get around it.
import type { AcsContainer } from '@longshore/aws';
import { backoffDelay, type Clock, errorText, type Logger } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';
import type { ImageInspection } from '../docker/types.ts';
import { EngineError, EngineTimeout, EngineUnreachable } from '../docker/errors.ts';
import { type ImageReference, parseImageReference } from '../docker/reference.ts';
import { ResourceUnavailable } from '../secrets/types.ts';
import type { TaskRecord } from '../task/types.ts';
import type { Limit } from './limit.ts';
import { currentDigest } from './manifest-check.ts';
import { type Login, loginFor, type LoginParts, rightOf } from './registry-login.ts';

export interface PulledImage {
  /** The manifest's digest, where the Engine knows it. */
  readonly digest?: string | undefined;
}

export interface Puller {
  /** Asks ahead what the pulls of a task that is being taken on will ask first. Makes nothing, and fails silently. */
  foresee(record: TaskRecord): void;
  /** Throws EngineError (with the registry's words) when the image cannot be had; the caller's signal ends its wait. */
  pull(record: TaskRecord, container: AcsContainer, signal: AbortSignal): Promise<PulledImage>;
}

/** What was found of an image here and in its registry. */
interface Look {
  readonly here: ImageInspection | undefined;
  readonly login: Login | undefined;
  /** The digest of the image that is here, if it is what a pull would bring. */
  readonly current: string | undefined;
}

interface SharedPull {
  readonly work: Promise<PulledImage>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * When the registry is asked (as ECS_IMAGE_PULL_BEHAVIOR). default: each time a task starts, and if it cannot be asked the
 * image that is here does; always: that does not; once: only for what this agent has not pulled before; prefer-cached:
 * only for what is not here.
 */
export type PullBehavior = 'default' | 'always' | 'once' | 'prefer-cached';

export interface PullerParts extends LoginParts {
  readonly engine: Engine;
  readonly behavior?: PullBehavior | undefined;
  /** Whether this agent pulled the image before, and the note that it has. */
  readonly wasPulled?: ((image: string) => boolean) | undefined;
  readonly notePulled?: ((image: string, wasHere: boolean) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limit: Limit;
}

const attempts = 4;
const lookMs = 10_000;
const backoff = { initialMs: 1_000, maxMs: 15_000 };
const transient =
  /\b(?:timeout|timed out|deadline exceeded|connection refused|connection reset|no such host|temporary failure|EOF|TLS handshake|unexpected HTTP status: 5\d\d|received unexpected HTTP status|toomanyrequests|server misbehaving|network is unreachable|no route to host|made no progress)\b|status: 429/i;

/** Whether trying again may help: the registry did not give an answer of its own. */
export function isTransient(error: unknown): boolean {
  if (error instanceof EngineTimeout) return true;
  if (error instanceof ResourceUnavailable) return false;
  if (!(error instanceof EngineError)) return true;
  return transient.test(error.message);
}

function digestOfImage(repoDigests: readonly string[] | null | undefined, name: string): string | undefined {
  return repoDigests?.find((one) => one.startsWith(`${name}@`))?.slice(name.length + 1);
}

/** Rejects as soon as the signal fires; the work goes on for those who still wait for it. */
function waitFor<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const givenUp = () => reject(new EngineUnreachable('the pull was given up'));
    if (signal.aborted) givenUp();
    signal.addEventListener('abort', givenUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', givenUp));
  });
}

export function createPuller(parts: PullerParts): Puller {
  const { engine, tokens, log } = parts;
  const underWay = new Map<string, SharedPull>();
  const looking = new Map<string, Promise<Look>>();
  const foreseen = new WeakMap<AcsContainer, Promise<Look>>();

  /** Looks whether the image that is here is what the registry has. */
  async function look(
    record: TaskRecord,
    container: AcsContainer,
    reference: ImageReference,
    signal: AbortSignal,
  ): Promise<Look> {
    const [here, login] = await Promise.all([
      engine.inspectImage(container.image),
      loginFor(parts, record, container, reference, signal),
    ]);
    const digestHere = digestOfImage(here?.RepoDigests, reference.name);
    if (digestHere === undefined) return { here, login, current: undefined };
    const token = login?.token;
    const wanted = reference.digest ?? (token && (await currentDigest(reference, token)));
    return { here, login, current: wanted === digestHere ? digestHere : undefined };
  }

  /** What was asked ahead for this very container, once; else it is asked now. */
  async function lookOrForeseen(...asked: Parameters<typeof look>): Promise<Look> {
    const [, container] = asked;
    const ahead = foreseen.get(container);
    foreseen.delete(container);
    return (await ahead?.catch(() => undefined)) ?? look(...asked);
  }

  async function pullOnce(
    record: TaskRecord,
    container: AcsContainer,
    reference: ImageReference,
    signal: AbortSignal,
  ): Promise<PulledImage> {
    const { image } = container;
    const { here, login, current } = await lookOrForeseen(record, container, reference, signal);
    if (current !== undefined) return { digest: current };
    const canonical = reference.digest || reference.tag === undefined ? image : `${reference.name}:${reference.tag}`;
    await engine.pullImage(canonical, login?.credential, signal);
    const now = await engine.inspectImage(image);
    if (now) await parts.notePulled?.(image, here !== undefined);
    return { digest: reference.digest ?? digestOfImage(now?.RepoDigests, reference.name) };
  }

  /** The image that is here, where the machine's pull behaviour is content with it. */
  async function contentWith(image: string, reference: ImageReference): Promise<PulledImage | undefined> {
    const behavior = parts.behavior ?? 'default';
    const content = behavior === 'prefer-cached' || (behavior === 'once' && parts.wasPulled?.(image));
    const here = content ? await engine.inspectImage(image) : undefined;
    return here && { digest: digestOfImage(here.RepoDigests, reference.name) };
  }

  async function pullPatiently(record: TaskRecord, container: AcsContainer, signal: AbortSignal): Promise<PulledImage> {
    const reference = parseImageReference(container.image);
    if (!reference) throw new EngineError(400, `invalid image reference ${container.image}`);
    const enough = await contentWith(container.image, reference);
    if (enough) return enough;
    for (let failures = 0; ; failures++) {
      try {
        return await parts.limit(() => pullOnce(record, container, reference, signal));
      } catch (error) {
        const auth = container.registryAuthentication;
        const ecr = auth?.type === 'ecr' ? auth.ecrAuthData : undefined;
        const mayRenew =
          ecr && failures === 0 && /unauthorized|authentication required|no basic auth/i.test(errorText(error));
        if (ecr) tokens.forget(ecr.registryId, parts.executionKeys(record));
        if (mayRenew && !signal.aborted) continue;
        if (signal.aborted || !isTransient(error)) throw error;
        const cached = parts.behavior === 'always' ? undefined : await engine.inspectImage(container.image);
        if (cached) {
          log.warn(
            { image: container.image, problem: errorText(error) },
            'the registry cannot be asked: using the image that is here',
          );
          return { digest: digestOfImage(cached.RepoDigests, reference.name) };
        }
        if (failures + 1 >= attempts) throw error;
        await parts.clock.sleep(backoffDelay(failures, backoff), signal);
        if (signal.aborted) throw error;
      }
    }
  }

  const keyOf = (record: TaskRecord, container: AcsContainer) => `${container.image} ${rightOf(record, container)}`;

  function foreseeOne(record: TaskRecord, container: AcsContainer): void {
    const reference = parseImageReference(container.image);
    if (!reference) return;
    const key = keyOf(record, container);
    let work = looking.get(key);
    if (!work) {
      work = look(record, container, reference, AbortSignal.timeout(lookMs)).finally(() => looking.delete(key));
      work.catch(() => undefined);
      looking.set(key, work);
    }
    foreseen.set(container, work);
  }

  return {
    foresee(record) {
      const behavior = parts.behavior ?? 'default';
      if (record.desired !== 'RUNNING' || (behavior !== 'default' && behavior !== 'always')) return;
      for (const container of record.task.containers) foreseeOne(record, container);
    },
    async pull(record, container, signal) {
      // Without the keys of its role the task waits: an image that is here does not get around what the role may have.
      parts.executionKeys(record);
      // Tasks that wait for the same image with the same right to it share one pull; it ends when nobody waits any more.
      const key = keyOf(record, container);
      let shared = underWay.get(key);
      if (!shared) {
        const stop = new AbortController();
        const work = pullPatiently(record, container, stop.signal);
        work.catch(() => undefined);
        shared = { work, waiting: 0, stop };
        underWay.set(key, shared);
      }
      shared.waiting += 1;
      try {
        return await waitFor(shared.work, signal);
      } finally {
        shared.waiting -= 1;
        if (underWay.get(key) === shared) underWay.delete(key);
        if (shared.waiting === 0) shared.stop.abort();
      }
    },
  };
}

// Being a container instance of a cluster: registered once, known by a saved ARN, registered anew when that one is gone.
import { type Clock, errorText, type Logger } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';
import type { InstanceFile } from '../state/instance.ts';
import { type ControlApi, isFinal } from './api.ts';
import { addressAttribute, attributesOf, type Offer, resourcesOf, versionsOf } from './capabilities.ts';

export interface Endpoints {
  readonly acs: string;
  readonly tcs: string;
}

export interface Membership {
  /** Registers with the saved ARN, or anew if the control plane does not know that (any more). Returns the ARN. */
  join(): Promise<string>;
  /** The saved ARN is of no use any more: the next `join` registers anew. */
  leave(): Promise<void>;
  /** Where the sockets are: asked at most every twelve hours, or after `forgetEndpoints`. */
  endpoints(): Promise<Endpoints>;
  forgetEndpoints(): void;
  /** The ARN of the instance; empty before the first `join`. */
  arn(): string;
  dockerVersion(): string;
}

export interface MembershipParts {
  readonly api: ControlApi;
  readonly engine: Engine;
  readonly instance: InstanceFile;
  readonly attributes: Readonly<Record<string, string>>;
  /** Where others reach this machine. */
  readonly address: () => Promise<string>;
  readonly offer: Offer;
  /** Names of capabilities that the agent has by its settings. */
  readonly offered: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

const endpointsMs = 12 * 3_600_000;

export function createMembership(parts: MembershipParts): Membership {
  const { api, engine, instance, log } = parts;
  let known: { readonly endpoints: Endpoints; readonly until: number } | undefined;
  let dockerVersion = '';

  async function register(instanceArn: string | undefined): Promise<string> {
    const [info, version, address] = await Promise.all([engine.info(), engine.version(), parts.address()]);
    dockerVersion = version.Version;
    return api.register({
      cluster: instance.current().cluster,
      instanceArn,
      attributes: attributesOf(info, version, { [addressAttribute]: address, ...parts.attributes }, parts.offered()),
      resources: resourcesOf(info, parts.offer),
      versions: versionsOf(version),
    });
  }

  async function leave(): Promise<void> {
    known = undefined;
    // Another instance's payloads are counted anew.
    await instance.update({ instanceArn: undefined, lastSequence: 0 });
  }

  return {
    async join() {
      const saved = instance.current().instanceArn;
      let arn: string;
      // A disk that takes nothing must not make one container instance after the other.
      if (saved === undefined) await instance.update({});
      try {
        arn = await register(saved);
      } catch (error) {
        if (saved === undefined || !isFinal(error)) throw error;
        log.warn(
          { instance: saved, problem: errorText(error) },
          'the saved container instance is refused: registering anew',
        );
        await leave();
        arn = await register(undefined);
      }
      if (arn !== saved) {
        await instance.update({ instanceArn: arn, lastSequence: 0 });
        log.info({ instance: arn, cluster: instance.current().cluster }, 'registered as a container instance');
      }
      return arn;
    },
    leave,
    async endpoints() {
      const now = parts.clock.now();
      if (known && known.until > now) return known.endpoints;
      const endpoints = await api.discover(instance.current().cluster, instance.current().instanceArn ?? '');
      known = { endpoints, until: now + endpointsMs };
      return endpoints;
    },
    forgetEndpoints() {
      known = undefined;
    },
    arn: () => instance.current().instanceArn ?? '',
    dockerVersion: () => dockerVersion,
  };
}

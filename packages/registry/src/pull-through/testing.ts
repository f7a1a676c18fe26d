// For the tests of the pull-through cache: a cache in front of an upstream, and a small hand-written upstream that can lie.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreatePullThroughCacheRuleCommand, type CreatePullThroughCacheRuleCommandInput } from '@aws-sdk/client-ecr';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { ecrOf, secretsOf } from '../testing/clients.ts';
import type { TestRegistry } from '../testing/fixture.ts';

/** A secret in ECR's form; resolves to its ARN. */
export async function addSecret(
  at: TestRegistry,
  name: string,
  value: { readonly username: string; readonly accessToken: string; readonly tokenOrigin?: string },
): Promise<string> {
  const Name = `ecr-pullthroughcache/${name}`;
  const made = await secretsOf(at).send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
  return made.ARN ?? '';
}

export async function addRule(
  at: TestRegistry,
  prefix: string,
  upstream: string,
  more: Partial<CreatePullThroughCacheRuleCommandInput> = {},
): Promise<void> {
  const input = { ecrRepositoryPrefix: prefix, upstreamRegistryUrl: upstream, ...more };
  await ecrOf(at).send(new CreatePullThroughCacheRuleCommand(input));
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

export interface FakeUpstream {
  readonly host: string;
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

export async function fakeUpstream(
  answer: (request: IncomingMessage, response: ServerResponse, host: string) => void,
): Promise<FakeUpstream> {
  const seen: Seen[] = [];
  let host = '';
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, authorization: headers.authorization });
    answer(request, response, host);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    seen,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

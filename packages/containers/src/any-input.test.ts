// Whatever an operation is sent, it answers with a result or with an error of its own: never with a failure of the server.
// Where the API model is at hand (LONGSHORE_AWS_MODELS), the error is one that the operation has.
// LONGSHORE_FUZZ_RUNS says how many inputs an operation is sent.
import { CreateServiceCommand, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { callJson } from '@longshore/aws';
import { testStores } from '@longshore/store/testing';
import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyInput } from './testing/any-input.ts';
import { type FakeAgent, obedientAgent } from './testing/fake-agent.ts';
import { type Harness, key, openHarness, region } from './testing/harness.ts';

const runs = Number(process.env['LONGSHORE_FUZZ_RUNS'] ?? 12);

interface Model {
  readonly operations: Readonly<Record<string, { readonly errors?: readonly { readonly shape: string }[] }>>;
}

const file = join(process.env['LONGSHORE_AWS_MODELS'] ?? '', 'ecs.service-2.json');
const model = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Model) : undefined;

/** Of the wire itself: for what cannot be read as the operation's input. */
const wireErrors = ['SerializationException', 'ValidationException'];

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('on %s', (_name, backEnd) => {
  let harness: Harness;
  let agent: FakeAgent;
  const names = ['default', 'f', 'f:1', 'kept', 'outside', 'web', 'busybox', 'attribute:a == b', 'a', 'arn:aws:ecs:x'];

  beforeAll(async () => {
    harness = await openHarness({ backEnd });
    agent = await obedientAgent(harness);
    const containerDefinitions = [{ name: 'web', image: 'busybox', memory: 16 }];
    await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
    const run = await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }));
    await harness.client.send(new CreateServiceCommand({ serviceName: 'kept', taskDefinition: 'f', desiredCount: 1 }));
    const deploymentController = { type: 'EXTERNAL' as const };
    await harness.client.send(
      new CreateServiceCommand({ serviceName: 'outside', deploymentController, desiredCount: 1 }),
    );
    names.push(agent.instanceArn, run.tasks?.[0]?.taskArn ?? '', 'arn:aws:ecs:us-east-1:123456789012:cluster/default');
  });
  afterAll(async () => {
    // Some input may have deregistered its instance: then the server has closed it.
    agent.socket.terminate();
    await harness.close();
  });

  async function answerOf(operation: string, input: unknown): Promise<string> {
    const target = `AmazonEC2ContainerServiceV20141113.${operation}`;
    const call = { endpoint: harness.url, region, credentials: key, service: 'ecs', target, input };
    return callJson(call).then(
      () => 'done',
      (error: { readonly code?: string; readonly message: string }) => `${error.code}: ${error.message}`,
    );
  }

  test('every operation answers for itself', async () => {
    for (const [operation, { schema }] of harness.containers.ecs.operations) {
      const known = model?.operations[operation]?.errors?.map((each) => each.shape);
      const own = async (input: unknown) => {
        const answer = await answerOf(operation, input);
        const code = answer.split(':')[0] ?? '';
        const fine = answer === 'done' || (known ? [...known, ...wireErrors].includes(code) : true);
        expect(fine && code !== 'ServerException' ? '' : `${operation}: ${answer}`).toBe('');
      };
      await fc.assert(fc.asyncProperty(anyInput(schema, names), own), { numRuns: runs });
    }
  }, 240_000);
});

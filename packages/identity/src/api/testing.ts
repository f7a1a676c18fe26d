// Calling operations in tests as the router does: access first, then the handler.
import { AwsError, type AwsService, type CallContext, type Principal } from '@longshore/aws';
import { silentLogger } from '@longshore/base';
import type { Identity } from '../types.ts';

export function testCall(principal: Principal, now = 0): CallContext {
  return {
    requestId: 'r',
    sourceIp: '127.0.0.1',
    baseUrl: 'http://127.0.0.1:7077',
    userAgent: 'test',
    now,
    principal,
    region: 'us-east-1',
    log: silentLogger,
    authorize: () => Promise.resolve(),
  };
}

/** The answer of one operation for a caller; throws what the caller would be answered. */
export async function invoke(
  identity: Identity,
  service: AwsService,
  principal: Principal,
  name: string,
  input: object,
): Promise<Record<string, unknown>> {
  const operation = service.operations.get(name);
  if (!operation) throw new Error(`no operation ${name}`);
  const call = testCall(principal);
  if (operation.access !== 'any') {
    const access = await operation.access(input as never, call);
    const request = { ...access, action: access.action ?? `${service.name}:${name}` };
    const refusal = await identity.authorizer.refusal(principal, request, call);
    if (refusal !== undefined) throw new AwsError('AccessDenied', refusal, 403);
  }
  return (await operation.handle(input as never, call)) as Record<string, unknown>;
}

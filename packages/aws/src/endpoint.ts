// The endpoint: every AWS operation's way from a signed HTTP request to its handler and back.
import { type Clock, type Logger, type Meter, newUuid } from '@longshore/base';
import { createDirectory } from './directory.ts';
import { WireError } from './errors.ts';
import { jsonProtocol } from './protocols/json.ts';
import type { Call, Protocol } from './protocols/protocol.ts';
import { queryProtocol } from './protocols/query.ts';
import { claimOnce, releaseClaim } from './replay.ts';
import { MissingMember, missingMemberError } from './shapes/problem.ts';
import { splitTarget } from './sigv4/canonical.ts';
import { invalid } from './sigv4/claim.ts';
import type { VerifiedRequest, Verifier } from './sigv4/verifier.ts';
import {
  type AccessRequest,
  type AccessResource,
  type AuditTrail,
  type Authorizer,
  AwsError,
  type AwsService,
  type CallContext,
  type Principal,
  type ReplayGuard,
  type RequestContext,
  type WireRequest,
  type WireResponse,
} from './types.ts';

export interface AwsEndpointOptions {
  readonly services: readonly AwsService[];
  readonly verifier: Verifier;
  readonly authorizer: Authorizer;
  readonly replayGuard: ReplayGuard;
  readonly region: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  /** Told of every operation that writes, once its caller is known. */
  readonly audit?: AuditTrail;
}

/** What is known of a call for its audit entry. */
interface Traced {
  principal?: Principal;
  resources?: readonly AccessResource[];
}

export interface AwsEndpoint {
  /** How much of a request's body is to be read at most, told from its head. */
  maxBodyBytes(headers: WireRequest['headers'], url: string): number;
  /** The answer to a request whose body is larger than that, in its protocol's form. */
  tooLarge(headers: WireRequest['headers'], url: string): WireResponse;
  /** Never rejects: whatever happens becomes an answer. */
  handle(request: WireRequest): Promise<WireResponse>;
  /**
   * Who asks for an upgrade (an agent's websocket), signed for `service` (default `ecs`). One signature opens one socket.
   * Throws an `AwsError`.
   */
  authenticateUpgrade(
    request: WireRequest,
    service?: string,
  ): Promise<{ readonly principal: Principal; readonly context: RequestContext }>;
}

/** In this order; the last takes what is left. */
const protocols: readonly Protocol[] = [jsonProtocol, queryProtocol];

const defaultMaxBodyBytes = 1024 * 1024;

/** Builds the endpoint. Throws if two services share a name. */
export function createAwsEndpoint(options: AwsEndpointOptions): AwsEndpoint {
  const { authorizer, clock, log, replayGuard, verifier } = options;
  const directory = createDirectory(options.services);
  const requests = options.meter.counter('longshore_aws_requests_total', 'AWS operations answered', [
    'service',
    'operation',
    'code',
  ]);
  const seconds = options.meter.histogram('longshore_aws_request_seconds', 'Time to answer an AWS operation', [
    'service',
    'operation',
  ]);

  function contextOf(request: WireRequest, requestId: string): RequestContext {
    const userAgent = String(request.headers['user-agent'] ?? '').slice(0, 512);
    return { requestId, sourceIp: request.sourceIp, baseUrl: request.baseUrl, userAgent, now: clock.now() };
  }

  function maxBodyBytes(headers: WireRequest['headers'], url: string): number {
    const head = { method: 'POST', url, headers };
    return protocolOf(head).peek(head, directory)?.maxBodyBytes ?? defaultMaxBodyBytes;
  }

  async function authorize(
    access: AccessRequest & { readonly action: string },
    principal: Principal,
    context: RequestContext,
  ) {
    const refusal = await authorizer.refusal(principal, access, context);
    if (refusal !== undefined) throw new WireError('accessDenied', refusal);
  }

  /** The pipeline after the operation is known: verify, decode, check access, claim, handle, encode. */
  async function carryOut(
    call: Call,
    request: WireRequest,
    context: RequestContext,
    traced: Traced,
  ): Promise<WireResponse> {
    const { operation, service } = call;
    const verified = await verifier.verify(request);
    checkService(verified, service.name);
    const { principal } = verified;
    traced.principal = principal;
    const input = decode(call) as never;
    const callContext: CallContext = {
      ...context,
      principal,
      region: options.region,
      log,
      authorize: (access) => authorize(access, principal, context),
    };
    if (operation.access !== 'any') {
      const access = await operation.access(input, callContext);
      traced.resources = access.resources;
      await authorize({ action: `${service.name}:${operation.name}`, ...access }, principal, context);
    }
    const claimed = operation.effect === 'write';
    if (claimed) await claimOnce(replayGuard, clock, verified);
    let output: unknown;
    try {
      output = await operation.handle(input, callContext);
    } catch (error) {
      if (claimed) await releaseClaim(replayGuard, log, verified);
      throw error;
    }
    return call.writeOutput(output, context.requestId);
  }

  function asAwsError(error: unknown, requestId: string, call: Call | undefined): AwsError {
    if (error instanceof AwsError) return error;
    const name = call ? `${call.service.name}:${call.operation.name}` : 'none';
    log.error({ err: error, requestId, operation: name }, 'an operation failed unexpectedly');
    return new WireError(
      'internal',
      `The service failed. Try again; the server's log has the reason under ${requestId}.`,
    );
  }

  function audit(call: Call | undefined, context: RequestContext, traced: Traced, failure: AwsError | undefined): void {
    const { principal, resources = [] } = traced;
    if (!options.audit || !principal || call?.operation.effect !== 'write') return;
    options.audit.record({
      service: call.service.name,
      operation: call.operation.name,
      principal,
      context,
      recipient: resources[0]?.account ?? principal.account,
      resources: resources.slice(0, 100).map(({ arn }) => arn),
      ...(failure ? { error: { code: failure.code, message: failure.message } } : {}),
    });
  }

  async function handle(request: WireRequest): Promise<WireResponse> {
    const requestId = newUuid();
    const startedAt = clock.now();
    const protocol = protocolOf(request);
    let call: Call | undefined;
    let failure: AwsError | undefined;
    const context = contextOf(request, requestId);
    const traced: Traced = {};
    let response: WireResponse;
    try {
      if (request.body.length > maxBodyBytes(request.headers, request.url)) throw tooLargeError(request);
      checkPath(request);
      call = protocol.open(request, directory);
      response = await carryOut(call, request, context, traced);
    } catch (thrown) {
      failure = asAwsError(thrown, requestId, call);
      response = protocol.failure(failure, requestId, call?.service);
    }
    audit(call, context, traced, failure);
    const code = failure?.code ?? 'OK';
    const labels = { service: call?.service.name ?? 'unknown', operation: call?.operation.name ?? 'unknown' };
    requests.add(1, { ...labels, code });
    seconds.observe((clock.now() - startedAt) / 1000, labels);
    log.debug({ requestId, ...labels, code }, 'an operation was answered');
    return response;
  }

  function tooLargeError({ headers, url }: Pick<WireRequest, 'headers' | 'url'>): WireError {
    return new WireError('tooLarge', `The request body is larger than ${maxBodyBytes(headers, url)} bytes.`);
  }

  return {
    maxBodyBytes,
    tooLarge: (headers, url) =>
      protocolOf({ method: 'POST', url, headers }).failure(tooLargeError({ headers, url }), newUuid()),
    handle,
    async authenticateUpgrade(request, service = 'ecs') {
      const verified = await verifier.verify(request);
      checkService(verified, service);
      await claimOnce(replayGuard, clock, verified);
      return { principal: verified.principal, context: contextOf(request, newUuid()) };
    },
  };
}

function protocolOf(head: Pick<WireRequest, 'method' | 'url' | 'headers'>): Protocol {
  return protocols.find((each) => each.matches(head)) ?? queryProtocol;
}

/** These protocols live at `/` alone. */
function checkPath({ url }: WireRequest): void {
  if (splitTarget(url).path !== '/') {
    throw new AwsError(
      'UnknownOperationException',
      'There is nothing at this path; AWS operations are served at /.',
      404,
    );
  }
}

function checkService({ scope }: VerifiedRequest, service: string): void {
  if (scope.service !== service) throw invalid(`Credential should be scoped to correct service: '${service}'.`);
}

function decode(call: Call): unknown {
  try {
    return call.readInput();
  } catch (error) {
    if (!(error instanceof MissingMember)) throw error;
    throw call.service.missingMember?.(error.place) ?? missingMemberError(error.place);
  }
}

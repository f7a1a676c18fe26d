// GetAuthorizationToken: the password of `docker login -u AWS`.
import {
  GetAuthorizationToken$,
  type GetAuthorizationTokenRequest,
  type GetAuthorizationTokenResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { ecrOperation, invalid } from './ecr-operation.ts';

export const getAuthorizationTokenOperation = (core: Core) =>
  ecrOperation<GetAuthorizationTokenRequest, GetAuthorizationTokenResponse>({
    name: 'GetAuthorizationToken',
    schema: GetAuthorizationToken$,
    effect: 'read',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    async handle(input, call) {
      const count = input.registryIds?.length ?? 1;
      if (count < 1 || count > 10) throw invalid("Invalid parameter at 'registryIds': 1 to 10 of them.");
      const { token, expiresAt } = await core.tokens.issuePassword(call.principal);
      const authorization = {
        authorizationToken: Buffer.from(`AWS:${token}`).toString('base64'),
        expiresAt: new Date(expiresAt),
        proxyEndpoint: call.baseUrl,
      };
      return { authorizationData: Array.from({ length: count }, () => authorization) };
    },
  });

// sts:GetCallerIdentity. No permission is needed: whoever has a key may ask whose it is.
import { type GetCallerIdentityRequest, type GetCallerIdentityResponse, GetCallerIdentity$ } from '@aws-sdk/client-sts';
import { operation } from '@longshore/aws';

export const getCallerIdentity = operation<GetCallerIdentityRequest, GetCallerIdentityResponse>({
  name: 'GetCallerIdentity',
  schema: GetCallerIdentity$,
  effect: 'read',
  access: 'any',
  async handle(_input, { principal }) {
    return { UserId: principal.userId, Account: principal.account, Arn: principal.arn };
  },
});

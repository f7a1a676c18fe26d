// RegisterPullTimeUpdateExclusion: pulls of this principal are not written down as pull times.
import {
  RegisterPullTimeUpdateExclusion$,
  type RegisterPullTimeUpdateExclusionRequest,
  type RegisterPullTimeUpdateExclusionResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { isPrincipalArn } from '../pull-time-exclusions.ts';
import { invalid, registryOperation } from './ecr-operation.ts';

/** Throws parameterInvalid. */
export function requirePrincipalArn(text: string | undefined): string {
  if (text !== undefined && isPrincipalArn(text)) return text;
  throw invalid("Invalid parameter at 'principalArn': the ARN of an IAM user or role.");
}

export const registerPullTimeUpdateExclusionOperation = (core: Core) =>
  registryOperation<RegisterPullTimeUpdateExclusionRequest, RegisterPullTimeUpdateExclusionResponse>({
    name: 'RegisterPullTimeUpdateExclusion',
    schema: RegisterPullTimeUpdateExclusion$,
    effect: 'write',
    async handle(input, call) {
      const principalArn = requirePrincipalArn(input.principalArn);
      const createdAt = core.clock.now();
      const most = core.quotas.pullTimeExclusionsPerRegistry;
      await changeRegistryAccount(core, call.principal.account, ({ settings }) => {
        const held = settings.pullTimeExclusions ?? [];
        if (held.some((each) => each.principalArn === principalArn)) throw new RegistryError('exclusionExists');
        if (held.length >= most) {
          throw new RegistryError('quotaExceeded', `A registry may have ${most} pull time update exclusions at most.`);
        }
        return { settings: { ...settings, pullTimeExclusions: [...held, { principalArn, createdAt }] } };
      });
      return { principalArn, createdAt: new Date(createdAt) };
    },
  });

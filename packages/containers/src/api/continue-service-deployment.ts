// ContinueServiceDeployment: answers a hook at which a service deployment waits: go on, or roll back.
import {
  ContinueServiceDeployment$,
  type ContinueServiceDeploymentRequest,
  type ContinueServiceDeploymentResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { arnsAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { ownArns } from '../names.ts';
import { findRollouts, type Rollout, saveRollout } from '../services/rollouts.ts';
import { findService, replaceService } from '../services/rows.ts';

export function continueServiceDeployment(core: Core) {
  return operation<ContinueServiceDeploymentRequest, ContinueServiceDeploymentResponse>({
    name: 'ContinueServiceDeployment',
    schema: ContinueServiceDeployment$,
    effect: 'write',
    access: (input, call) => arnsAccess([input.serviceDeploymentArn ?? ''], call),
    async handle(input, call) {
      const action = input.action ?? 'CONTINUE';
      if (action !== 'CONTINUE' && action !== 'ROLLBACK')
        throw invalidParameter('action must be CONTINUE or ROLLBACK.');
      const given = [input.serviceDeploymentArn ?? ''];
      const [arn] = ownArns(placeOf(call), 'service-deployment', 'serviceDeploymentArn', given).mine;
      if (arn === undefined) throw ecsErrors.serviceDeploymentNotFound();
      await core.store.update(async (view) => {
        const [found] = await findRollouts(view, sql`arn = ${arn}`, 1);
        const service = found && (await findService(view, found.serviceArn));
        if (found === undefined || service === undefined) throw ecsErrors.serviceDeploymentNotFound();
        const { rollout } = service.document;
        const pause = rollout?.arn === arn ? rollout.pauses?.find((each) => each.id === input.hookId) : undefined;
        if (rollout === undefined || pause?.status !== 'AWAITING_ACTION' || rollout.status !== 'IN_PROGRESS')
          throw invalidParameter('The service deployment waits at no lifecycle hook of that hookId.');
        const answered = { ...pause, status: action === 'CONTINUE' ? ('SUCCEEDED' as const) : ('FAILED' as const) };
        const after: Rollout = {
          ...rollout,
          status: action === 'CONTINUE' ? 'IN_PROGRESS' : 'ROLLBACK_REQUESTED',
          pauses: (rollout.pauses ?? []).map((each) => (each === pause ? answered : each)),
          updatedAt: call.now,
        };
        const changed = { ...service, document: { ...service.document, rollout: after } };
        return { steps: [replaceService(service, changed), saveRollout(service, after)], result: undefined };
      });
      core.wakeKeeper();
      return { serviceDeploymentArn: arn };
    },
  });
}

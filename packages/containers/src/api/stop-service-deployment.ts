// StopServiceDeployment: a deployment that is under way goes back to the revision before it (ROLLBACK), or stays where it
// is and starts nothing more (ABORT). The keeper carries it out.
import {
  StopServiceDeployment$,
  type StopServiceDeploymentRequest,
  type StopServiceDeploymentResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { arnsAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError, ecsErrors, invalidParameter } from '../errors.ts';
import { ownArns } from '../names.ts';
import { findRollouts, type Rollout, saveRollout } from '../services/rollouts.ts';
import { findService, replaceService } from '../services/rows.ts';

export function stopServiceDeployment(core: Core) {
  return operation<StopServiceDeploymentRequest, StopServiceDeploymentResponse>({
    name: 'StopServiceDeployment',
    schema: StopServiceDeployment$,
    effect: 'write',
    access: (input, call) => arnsAccess([input.serviceDeploymentArn ?? ''], call),
    async handle(input, call) {
      const stopType = input.stopType ?? 'ROLLBACK';
      if (stopType !== 'ROLLBACK' && stopType !== 'ABORT')
        throw invalidParameter('stopType must be ROLLBACK or ABORT.');
      const given = [input.serviceDeploymentArn ?? ''];
      const { mine } = ownArns(placeOf(call), 'service-deployment', 'serviceDeploymentArn', given);
      const [arn] = mine;
      if (arn === undefined) throw ecsErrors.serviceDeploymentNotFound();
      await core.store.update(async (view) => {
        const [found] = await findRollouts(view, sql`arn = ${arn}`, 1);
        const service = found && (await findService(view, found.serviceArn));
        if (found === undefined || service === undefined) throw ecsErrors.serviceDeploymentNotFound();
        const { rollout, lastCompleted, deployments } = service.document;
        if (rollout?.arn !== arn || rollout.status !== 'IN_PROGRESS' || rollout.stage === 'CLEAN_UP')
          throw ecsErrors.serviceDeploymentNotStoppable(found.rollout.status);
        if (stopType === 'ROLLBACK' && (lastCompleted === undefined || lastCompleted.id === deployments[0]?.id))
          throw clientError('There is no completed service revision to roll back to. Use the stop type ABORT.');
        const status = stopType === 'ROLLBACK' ? ('ROLLBACK_REQUESTED' as const) : ('STOP_REQUESTED' as const);
        const asked: Rollout = { ...rollout, status, updatedAt: call.now };
        const after = { ...service, document: { ...service.document, rollout: asked, steady: false } };
        return { steps: [replaceService(service, after), saveRollout(service, asked)], result: undefined };
      });
      core.wakeKeeper();
      return { serviceDeploymentArn: arn };
    },
  });
}

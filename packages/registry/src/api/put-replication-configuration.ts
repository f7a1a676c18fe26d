// PutReplicationConfiguration: kept; copying is not done yet.
import {
  PutReplicationConfiguration$,
  type PutReplicationConfigurationRequest,
  type PutReplicationConfigurationResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { registryOperation } from './ecr-operation.ts';
import { readReplication, replicationShape } from './replication.ts';

export const putReplicationConfigurationOperation = (core: Core) =>
  registryOperation<PutReplicationConfigurationRequest, PutReplicationConfigurationResponse>({
    name: 'PutReplicationConfiguration',
    schema: PutReplicationConfiguration$,
    effect: 'write',
    async handle(input, call) {
      const { account } = call.principal;
      const replication = readReplication(core, account, input.replicationConfiguration);
      const { settings } = await changeRegistryAccount(core, account, (held) => ({
        settings: { ...held.settings, replication },
      }));
      return { replicationConfiguration: replicationShape(settings) };
    },
  });

// Fills what the container service needs of identity for the roles of tasks.
import type { AccountId } from '@longshore/base';
import type { TaskRoles } from '@longshore/containers';
import type { Identity } from '@longshore/identity';

const service = 'ecs-tasks.amazonaws.com';

export function taskRoles(identity: Identity): TaskRoles {
  return {
    trusts: (account, role) => identity.mayAssumeForService({ account: account as AccountId, role, service }),
    keys: (account, role, session) =>
      identity.assumeForService({ account: account as AccountId, role, service, session }),
  };
}

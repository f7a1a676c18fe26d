// Users of Longshore's own parts (the agent of this machine): made once with one policy and one key, found again at
// every start.
import type { PolicyDocument } from '@longshore/aws';
import { type AccountId, UserError } from '@longshore/base';
import { ensureKey, insertKey } from './access-keys.ts';
import type { IdentityCore } from './core.ts';
import { newAccessKey, newUserId } from './ids.ts';
import { findUser, insertUser, raiseVersion, type UserRow, userOwner } from './owners.ts';
import { parsePolicy } from './policy/document.ts';
import type { AccessKey } from './types.ts';
import { policiesOf, upsertPolicy } from './user-policies.ts';

/** Sets these users apart from those that people make: a name taken by a person is never taken over. */
export const servicePath = '/longshore/';
const policyName = 'service';

/**
 * Throws UserError if a person's user has the name, MalformedPolicyDocument if the policy is not sound. A key that was
 * switched off or deleted is replaced.
 */
export async function ensureServiceUser(
  core: IdentityCore,
  account: AccountId,
  name: string,
  policy: PolicyDocument,
): Promise<AccessKey> {
  const document = JSON.stringify(policy);
  parsePolicy(document, 'identity');
  const ensured = await core.store.update(async (view) => {
    const existing = await findUser(view, account, name);
    if (!existing) {
      const createdAt = core.clock.now();
      const user: UserRow = { id: newUserId(), account, name, path: servicePath, created_at: createdAt, version: 0 };
      const key = newAccessKey();
      const steps = [
        insertUser(user),
        upsertPolicy(user.id, policyName, document),
        insertKey(core, userOwner(user), key, createdAt),
      ];
      return { steps, result: { key, userId: user.id } };
    }
    if (existing.path !== servicePath) {
      throw new UserError(`The user name ${name} is needed by Longshore but belongs to another user.`, 'Delete it.');
    }
    const owner = userOwner(existing);
    const { steps: keySteps, result: key } = await ensureKey(core, view, owner);
    const stored = (await policiesOf(view, existing.id)).find((each) => each.name === policyName);
    const guard = keySteps.length > 0 ? [] : [raiseVersion(owner)];
    const policySteps =
      stored?.document === document ? [] : [...guard, upsertPolicy(existing.id, policyName, document)];
    return { steps: [...keySteps, ...policySteps], result: { key, userId: existing.id } };
  });
  core.forget.owner(ensured.userId);
  return ensured.key;
}

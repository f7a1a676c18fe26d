// Principals as they are named in requests, policies and tokens.
import type { Principal } from '@longshore/aws';
import type { AccountId } from '@longshore/base';

export function userArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:user${path}${name}`;
}

export function rootPrincipal(account: AccountId): Principal {
  return { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root' };
}

export function userPrincipal(user: {
  readonly id: string;
  readonly account: string;
  readonly path: string;
  readonly name: string;
}): Principal {
  return {
    account: user.account as AccountId,
    arn: userArn(user.account, user.path, user.name),
    userId: user.id,
    kind: 'user',
  };
}

// Amazon Resource Names: arn:aws:service:region:account:resource.

declare const brand: unique symbol;

export type AccountId = string & { readonly [brand]: 'AccountId' };

export interface ArnParts {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

const accountPattern = /^[0-9]{12}$/;

/** The account id in `text`, or undefined unless it is twelve digits. */
export function parseAccountId(text: string): AccountId | undefined {
  return accountPattern.test(text) ? (text as AccountId) : undefined;
}

export function formatArn(parts: Omit<ArnParts, 'partition'>): string {
  return `arn:aws:${parts.service}:${parts.region}:${parts.account}:${parts.resource}`;
}

/** The parts of an ARN, or undefined if `text` is not one. The resource keeps its own colons and slashes. */
export function parseArn(text: string): ArnParts | undefined {
  const parts = text.split(':');
  const [head, partition, service, region, account] = parts;
  if (head !== 'arn' || parts.length < 6 || !partition || !service) return undefined;
  return { partition, service, region: region ?? '', account: account ?? '', resource: parts.slice(5).join(':') };
}

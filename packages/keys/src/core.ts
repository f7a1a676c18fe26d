// What the parts of keys share.
import type { Authorizer, PolicyDocument } from '@longshore/aws';
import type { Clock, Logger } from '@longshore/base';
import type { Sealer } from '@longshore/identity';
import type { Store } from '@longshore/store';

export interface KeysCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  readonly sealer: Sealer;
  readonly authorizer: Authorizer;
  /** The same object as long as the text is the same, so that it is compiled once. */
  policyOf(text: string): PolicyDocument;
}

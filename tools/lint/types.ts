// The plugin's types, taken from oxlint itself.
import type { RuleTester } from 'oxlint/plugins-dev';

export type Rule = Parameters<InstanceType<typeof RuleTester>['run']>[1];

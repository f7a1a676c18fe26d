// The registry's upkeep, for which ECR has no words: collection, the storage report, and wrapping data keys anew.
import { type AnyOperation, operation } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import type { CollectionPreview, CollectOutcome, Registry, RewrapOutcome, StorageReport } from '@longshore/registry';
import { z } from 'zod';
import { jsonSchema } from './json-schema.ts';
import { ownResource, requireOperator } from './own-access.ts';

export type RegistryUpkeep = Pick<Registry, 'collect' | 'previewCollection' | 'storage' | 'rewrap'>;

/** A call answers within this; what is left to do then, the next call does. */
const budgetMs = 20_000;
const previewLimit = 1_000;
const reportPage = 200;

const collectInput = z.object({ dryRun: z.boolean().optional() });
/** `before`: what was wrapped since then is left as it is; milliseconds since the epoch, now if left out. */
const rewrapInput = z.object({ before: z.number().int().min(0).optional() });
const reportInput = z.object({ after: z.string().max(256).optional() });

export function registryUpkeepOperations(registry: RegistryUpkeep, operator: AccountId): readonly AnyOperation[] {
  return [
    operation<z.infer<typeof collectInput>, { preview: CollectionPreview } | { outcome: CollectOutcome }>({
      name: 'CollectRegistry',
      schema: jsonSchema(collectInput),
      effect: 'write',
      access: ownResource('registry'),
      async handle(input, call) {
        requireOperator(call, operator, 'collects');
        if (input.dryRun === true) return { preview: await registry.previewCollection(previewLimit) };
        return { outcome: await registry.collect(budgetMs) };
      },
    }),
    operation<z.infer<typeof rewrapInput>, { outcome: RewrapOutcome; before: number }>({
      name: 'RewrapRegistry',
      schema: jsonSchema(rewrapInput),
      effect: 'write',
      access: ownResource('registry'),
      async handle(input, call) {
        requireOperator(call, operator, 'wraps data keys anew');
        const before = Math.min(input.before ?? call.now, call.now);
        return { outcome: await registry.rewrap(before, budgetMs), before };
      },
    }),
    operation<z.infer<typeof reportInput>, StorageReport>({
      name: 'ReportRegistryStorage',
      schema: jsonSchema(reportInput),
      effect: 'read',
      access: ownResource('registry'),
      handle: (input, call) => registry.storage(call.principal.account, input.after ?? '', reportPage),
    }),
  ];
}

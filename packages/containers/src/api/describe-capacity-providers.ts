// DescribeCapacityProviders: all of the account in pages, or those that are named; what is not there is a failure MISSING.
import {
  DescribeCapacityProviders$,
  type DescribeCapacityProvidersRequest,
  type DescribeCapacityProvidersResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { providerAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';
import { findProviders, listProviders, providerArn, providerArnOf } from '../providers/records.ts';
import { shapeProvider } from '../providers/shape.ts';
import { includedTags } from '../tags.ts';

export function describeCapacityProviders(core: Core) {
  return operation<DescribeCapacityProvidersRequest, DescribeCapacityProvidersResponse>({
    name: 'DescribeCapacityProviders',
    schema: DescribeCapacityProviders$,
    effect: 'read',
    access: (input, call) => providerAccess(input.capacityProviders, call),
    async handle(input, call) {
      const place = placeOf(call);
      const references = input.capacityProviders ?? [];
      if (references.length > 100) throw invalidParameter('capacityProviders cannot have more than 100 entries.');
      if (references.length === 0) {
        const page = readPage(input, ['DescribeCapacityProviders', place.account]);
        const rows = await listProviders(core.store, place.account, page.after, page.limit + 1);
        const { items, next } = cutPage(page, rows, (row) => row.arn);
        const tags = await includedTags(
          core.store,
          input.include,
          items.map((each) => each.arn),
        );
        return {
          capacityProviders: items.map((each) => shapeProvider(each, tags(each.arn))),
          failures: [],
          nextToken: next,
        };
      }
      const arns = [
        ...new Set(
          references.map(
            (each) => providerArnOf(place, each) ?? (each.startsWith('arn:') ? each : providerArn(place, each)),
          ),
        ),
      ];
      const found = (await findProviders(core.store, arns)).filter((each) => each.account === place.account);
      const tags = await includedTags(
        core.store,
        input.include,
        found.map((each) => each.arn),
      );
      const known = new Set(found.map((each) => each.arn));
      return {
        capacityProviders: found.map((each) => shapeProvider(each, tags(each.arn))),
        failures: arns.filter((arn) => !known.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  });
}

// ListAccountSettings: what was set for a principal, or (effectiveSettings) what holds for it.
import {
  ListAccountSettings$,
  type ListAccountSettingsRequest,
  type ListAccountSettingsResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { effectiveSettings, ownSettings, readPrincipal, readSettingName, shapeSetting } from '../account-settings.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';

export function listAccountSettings(core: Core) {
  return operation<ListAccountSettingsRequest, ListAccountSettingsResponse>({
    name: 'ListAccountSettings',
    schema: ListAccountSettings$,
    effect: 'read',
    access: anyAccess,
    async handle(input, call) {
      const place = placeOf(call);
      const name = input.name === undefined ? undefined : readSettingName(input.name);
      if (input.value !== undefined && name === undefined) throw invalidParameter('value needs a name.');
      const principal = readPrincipal(place, input.principalArn, call.principal.arn);
      const effective = input.effectiveSettings ?? false;
      const page = readPage(input, ['ListAccountSettings', place.account, principal, name, input.value, effective], 10);
      const all = effective
        ? await effectiveSettings(core.store, place, principal)
        : [...(await ownSettings(core.store, place, principal))].map(([key, value]) => ({
            name: key,
            value,
            principal,
          }));
      const wanted = all
        .filter((each) => name === undefined || each.name === name)
        .filter((each) => input.value === undefined || each.value === input.value)
        .filter((each) => each.name > page.after);
      const { items, next } = cutPage(page, wanted.slice(0, page.limit + 1), (each) => each.name);
      return { settings: items.map((each) => shapeSetting(each.name, each.value, each.principal)), nextToken: next };
    },
  });
}

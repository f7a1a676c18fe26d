// Account settings: which names there are, which values they take, what holds where nothing was set. A principal's own
// value comes before the account's default, which is kept under the account's root.
import type { Setting, SettingName } from '@aws-sdk/client-ecs';
import { type Step, sql, sqlAnd, type View } from '@longshore/store';
import type { Core } from './core.ts';
import { invalidParameter } from './errors.ts';
import type { Place } from './names.ts';

interface SettingRule {
  readonly values: readonly string[];
  /** What holds where nobody has set it. */
  readonly usual: string;
  /** Why the other values that ECS knows are refused. */
  readonly otherwise?: string;
}

const onOff = ['enabled', 'disabled', 'on', 'off'];
const longOnly: SettingRule = {
  values: ['enabled', 'on'],
  usual: 'enabled',
  otherwise: 'Longshore knows the long ARN format only: it cannot be switched off.',
};

const rules: Readonly<Record<SettingName, SettingRule>> = {
  serviceLongArnFormat: longOnly,
  taskLongArnFormat: longOnly,
  containerInstanceLongArnFormat: longOnly,
  awsvpcTrunking: { values: onOff, usual: 'disabled' },
  containerInsights: { values: ['enhanced', ...onOff], usual: 'disabled' },
  fargateFIPSMode: { values: onOff, usual: 'disabled' },
  tagResourceAuthorization: { values: ['on', 'off'], usual: 'off' },
  fargateTaskRetirementWaitPeriod: { values: ['0', '7', '14'], usual: '7' },
  guardDutyActivate: { values: [], usual: 'off', otherwise: 'It is managed by GuardDuty and can only be read.' },
  defaultLogDriverMode: {
    values: ['blocking'],
    usual: 'blocking',
    otherwise: "Set the option 'mode' in the logConfiguration of the containers instead.",
  },
  fargateEventWindows: { values: onOff, usual: 'disabled' },
};

export const settingNames = Object.keys(rules).sort() as SettingName[];

/** Throws InvalidParameterException. */
export function readSettingName(name: string | undefined): SettingName {
  const known = settingNames.find((each) => each === name);
  if (known === undefined) throw invalidParameter(`The setting name must be one of: ${settingNames.join(', ')}.`);
  return known;
}

/** Throws InvalidParameterException. */
function readSettingValue(name: SettingName, value: string | undefined): string {
  const rule = rules[name];
  if (value !== undefined && rule.values.includes(value)) return value;
  const next = rule.otherwise ?? `Use one of: ${rule.values.join(', ')}.`;
  throw invalidParameter(`The value is not valid for the setting ${name}. ${next}`);
}

export function rootArn(account: string): string {
  return `arn:aws:iam::${account}:root`;
}

/** The principal that a caller names: a user, a role or the root of its own account. Throws InvalidParameterException. */
export function readPrincipal(place: Place, given: string | undefined, caller: string): string {
  if (given === undefined || given === '') return caller;
  const pattern = new RegExp(`^arn:aws:iam::${place.account}:(?:root|(?:user|role)/[\\w+=,.@/-]{1,512})$`);
  if (!pattern.test(given)) throw invalidParameter('principalArn must be a user, a role or the root of this account.');
  return given;
}

export function shapeSetting(name: SettingName, value: string, principalArn: string): Setting {
  return { name, value, principalArn, type: name === 'guardDutyActivate' ? 'aws_managed' : 'user' };
}

function saveSetting(place: Place, principal: string, name: SettingName, value: string): Step {
  return {
    sql: sql`INSERT INTO ecs_account_settings (account, principal, name, value)
      VALUES (${place.account}, ${principal}, ${name}, ${value})
      ON CONFLICT (account, principal, name) DO UPDATE SET value = excluded.value`,
  };
}

export function forgetSetting(place: Place, principal: string, name: SettingName): Step {
  return {
    sql: sql`DELETE FROM ecs_account_settings
      WHERE account = ${place.account} AND principal = ${principal} AND name = ${name}`,
  };
}

/** What was set for a principal by itself: name to value. */
export async function ownSettings(view: View, place: Place, principal: string): Promise<Map<SettingName, string>> {
  const where = sqlAnd([sql`account = ${place.account}`, sql`principal = ${principal}`]);
  const rows = await view.all<{ name: SettingName; value: string }>(
    sql`SELECT name, value FROM ecs_account_settings WHERE ${where} ORDER BY name`,
  );
  return new Map(rows.map((row) => [row.name, row.value]));
}

/** What holds for a principal: its own value, else the account's default, else the usual one. */
export async function effectiveSettings(
  view: View,
  place: Place,
  principal: string,
): Promise<{ readonly name: SettingName; readonly value: string; readonly principal: string }[]> {
  const root = rootArn(place.account);
  const [own, defaults] = await Promise.all([ownSettings(view, place, principal), ownSettings(view, place, root)]);
  return settingNames.map((name) => {
    const mine = own.get(name);
    if (mine !== undefined) return { name, value: mine, principal };
    return { name, value: defaults.get(name) ?? rules[name].usual, principal: root };
  });
}

/** What PutAccountSetting and PutAccountSettingDefault do, each for its principal. */
export async function putSetting(
  core: Core,
  place: Place,
  principal: string,
  input: { readonly name: string | undefined; readonly value: string | undefined },
): Promise<{ setting: Setting }> {
  const name = readSettingName(input.name);
  const value = readSettingValue(name, input.value);
  await core.store.write([saveSetting(place, principal, name, value)]);
  return { setting: shapeSetting(name, value, principal) };
}

// The scanning configuration of a registry, in the shapes of ECR, and what of it is for one repository. It is kept for the
// scanner; this registry does not scan yet.
import type {
  RegistryScanningConfiguration,
  RegistryScanningRule,
  ScanFrequency,
  ScanningRepositoryFilter,
} from '@aws-sdk/client-ecr';
import type { RegistrySettings, ScanningRule } from '../accounts.ts';
import type { Repository } from '../repository.ts';
import { matchesWildcard } from '../tag-mutability.ts';
import { invalid } from './ecr-operation.ts';

/** The same language as the model's pattern, which takes exponential time. */
const filterPattern = /^[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*$/;
const frequencies: Readonly<Record<'BASIC' | 'ENHANCED', readonly ScanFrequency[]>> = {
  BASIC: ['SCAN_ON_PUSH', 'MANUAL'],
  ENHANCED: ['SCAN_ON_PUSH', 'CONTINUOUS_SCAN', 'MANUAL'],
};

function filterShapes(filters: readonly string[]): ScanningRepositoryFilter[] {
  return filters.map((filter) => ({ filter, filterType: 'WILDCARD' as const }));
}

/** BASIC without rules unless set. */
export function scanningShape(settings: RegistrySettings): RegistryScanningConfiguration {
  const { scanType = 'BASIC', rules = [] } = settings.scanning ?? {};
  return {
    scanType,
    rules: rules.map((rule) => ({
      scanFrequency: rule.scanFrequency,
      repositoryFilters: filterShapes(rule.filters),
    })),
  };
}

function readFilters(filters: readonly ScanningRepositoryFilter[] | undefined): string[] {
  if (!filters || filters.length > 100) throw invalid("Invalid parameter at 'repositoryFilters': 100 at most.");
  return filters.map(({ filter = '', filterType }) => {
    if (filterType !== 'WILDCARD' || filter.length > 255 || !filterPattern.test(filter)) {
      throw invalid("Invalid parameter at 'repositoryFilters': filterType WILDCARD, and names with * in them.");
    }
    return filter;
  });
}

/** Throws parameterInvalid. */
export function readScanning(
  type: string | undefined,
  rules: readonly RegistryScanningRule[] | undefined,
): NonNullable<RegistrySettings['scanning']> {
  const scanType = type ?? 'BASIC';
  if (scanType !== 'BASIC' && scanType !== 'ENHANCED') {
    throw invalid("Invalid parameter at 'scanType': BASIC or ENHANCED.");
  }
  if (rules && rules.length > 2) throw invalid("Invalid parameter at 'rules': 2 at most.");
  const read = (rules ?? []).map((rule): ScanningRule => {
    const scanFrequency = frequencies[scanType].find((each) => each === rule.scanFrequency);
    if (!scanFrequency) {
      throw invalid(
        `Invalid parameter at 'scanFrequency': with ${scanType} one of ${frequencies[scanType].join(', ')}.`,
      );
    }
    return { scanFrequency, filters: readFilters(rule.repositoryFilters) };
  });
  if (new Set(read.map((rule) => rule.scanFrequency)).size !== read.length) {
    throw invalid("Invalid parameter at 'rules': each with a scanFrequency of its own.");
  }
  return { scanType, rules: read };
}

/** Without a `*`, a filter is for every name that has it somewhere. */
function matchesFilter(filter: string, name: string): boolean {
  return filter.includes('*') ? matchesWildcard(filter, name) : name.includes(filter);
}

const strength: readonly ScanFrequency[] = ['MANUAL', 'SCAN_ON_PUSH', 'CONTINUOUS_SCAN'];

/** How often a repository is to be scanned, by the registry's rules and its own setting. */
export function scanningOf(settings: RegistrySettings, repository: Repository) {
  const own: ScanFrequency = repository.settings.scanOnPush ? 'SCAN_ON_PUSH' : 'MANUAL';
  let scanFrequency: ScanFrequency = own;
  const applied: string[] = [];
  for (const rule of settings.scanning?.rules ?? []) {
    const matching = rule.filters.filter((filter) => matchesFilter(filter, repository.name));
    if (matching.length === 0) continue;
    applied.push(...matching);
    if (strength.indexOf(rule.scanFrequency) > strength.indexOf(scanFrequency)) scanFrequency = rule.scanFrequency;
  }
  return { scanOnPush: scanFrequency === 'SCAN_ON_PUSH', scanFrequency, appliedScanFilters: filterShapes(applied) };
}

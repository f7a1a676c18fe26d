// Which package may import which. The table is DESIGN's; a package's package.json and its sources must agree with it.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

/** Allowed imports between the packages of this repository. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  base: [],
  store: ['base'],
  blobs: ['base'],
  aws: ['base'],
  identity: ['base', 'store', 'aws'],
  keys: ['base', 'store', 'aws', 'identity'],
  registry: ['base', 'store', 'aws', 'identity', 'blobs'],
  builds: ['base', 'registry'],
  containers: ['base', 'store', 'aws'],
  logs: ['base', 'store', 'aws'],
  balancing: ['base', 'store', 'aws'],
  discovery: ['base', 'store', 'aws'],
  telemetry: ['base'],
  agent: ['base', 'aws'],
  cli: ['base', 'aws'],
  simulation: ['base', 'store', 'aws', 'containers', 'agent'],
  server: [
    'base',
    'store',
    'blobs',
    'aws',
    'identity',
    'keys',
    'registry',
    'builds',
    'containers',
    'logs',
    'balancing',
    'discovery',
    'telemetry',
    'agent',
  ],
};

/** Modules that only one package may name. */
const confined: Readonly<Record<string, string>> = {
  'node:sqlite': 'store',
  pg: 'store',
  fastify: 'server',
  'prom-client': 'server',
};

/** What tests may import beyond their package's own: the test runner, and real clients to test with. */
const forTests: ReadonlySet<string> = new Set(['vitest', 'fast-check', 'ws']);

function isForTests(module: string): boolean {
  return forTests.has(module) || module.startsWith('@aws-sdk/client-');
}

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Everything that is wrong with the imports under `root`/packages, one sentence each. */
export function importFaults(root: string): string[] {
  const names = readdirSync(join(root, 'packages'));
  return names.flatMap((name) => packageFaults(join(root, 'packages', name), name));
}

function packageFaults(folder: string, name: string): string[] {
  const allowed = allowedImports[name];
  if (!allowed) return [`packages/${name} is not in the table of allowed imports`];
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
  const dev = new Set(Object.keys(manifest.devDependencies ?? {}));
  const faults = [...declared]
    .filter((each) => each.startsWith('@longshore/') && !allowed.includes(each.slice('@longshore/'.length)))
    .map((each) => `packages/${name}/package.json depends on ${each}, which ${name} may not import`);
  for (const file of sourceFiles(join(folder, 'src'))) {
    const test = file.endsWith('.test.ts') || file.includes('/testing');
    for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
      const fault = importFault({ specifier, file, folder, name, declared, dev, test });
      if (fault !== undefined) faults.push(`${relative(join(folder, '..', '..'), file)}: ${fault}`);
    }
  }
  return faults;
}

interface Import {
  readonly specifier: string;
  readonly file: string;
  readonly folder: string;
  readonly name: string;
  readonly declared: ReadonlySet<string>;
  readonly dev: ReadonlySet<string>;
  readonly test: boolean;
}

function importFault({ specifier, file, folder, name, declared, dev, test }: Import): string | undefined {
  if (specifier.startsWith('.')) {
    return resolve(dirname(file), specifier).startsWith(`${folder}/`) ? undefined : `${specifier} leaves the package`;
  }
  const module = moduleOf(specifier);
  const owner = confined[module];
  if (owner !== undefined && owner !== name) return `only ${owner} may import ${module}`;
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return undefined;
  if (declared.has(module)) return undefined;
  if (test && (isForTests(module) || dev.has(module))) return undefined;
  return `${module} is not among the dependencies of ${name}`;
}

function moduleOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && /\.tsx?$/.test(entry.name)) yield join(entry.parentPath, entry.name);
  }
}

/** The module specifiers of static and dynamic imports and of re-exports. */
export function importsOf(source: string): string[] {
  const pattern =
    /^\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...source.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

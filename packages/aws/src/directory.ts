// The services of an endpoint and the shapes of their operations, each compiled when it is first asked for.
import type { Directory } from './protocols/protocol.ts';
import { shapeCompiler } from './shapes/compile.ts';
import type { OperationShapes } from './shapes/shape.ts';
import type { AnyOperation, AwsService, OwnSchema } from './types.ts';

/** Two services of one name or target prefix are a programming error. */
export function createDirectory(services: readonly AwsService[]): Directory {
  const byName = new Map<string, AwsService>();
  const byTargetPrefix = new Map<string, AwsService>();
  for (const service of services) {
    add(byName, service.name, service);
    if (service.protocol === 'query') continue;
    if (service.targetPrefix === undefined) throw new Error(`${service.name}: a JSON service needs a target prefix`);
    add(byTargetPrefix, service.targetPrefix, service);
  }
  const compiler = shapeCompiler();
  const compiled = new Map<AnyOperation, OperationShapes | OwnSchema>();
  return {
    byName,
    byTargetPrefix,
    shapesOf(operation) {
      const found = compiled.get(operation);
      if (found) return found;
      const shapes = isOwn(operation.schema) ? operation.schema : compiler.operation(operation.schema);
      compiled.set(operation, shapes);
      return shapes;
    },
  };
}

function add(map: Map<string, AwsService>, key: string, service: AwsService): void {
  if (map.has(key)) throw new Error(`two services are called ${key}`);
  map.set(key, service);
}

function isOwn(schema: unknown): schema is OwnSchema {
  return (
    typeof schema === 'object' && schema !== null && 'kind' in schema && schema.kind === 'json' && 'parse' in schema
  );
}

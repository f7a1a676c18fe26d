// DescribeRepositoryCreationTemplates: those of the prefixes named, or all in pages.
import {
  DescribeRepositoryCreationTemplates$,
  type DescribeRepositoryCreationTemplatesRequest,
  type DescribeRepositoryCreationTemplatesResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { findTemplate, listTemplates, templateKey } from '../templates.ts';
import { invalid, registryOperation } from './ecr-operation.ts';
import { readPageSize, readPageToken } from './shapes.ts';
import { requirePrefix, templateShape } from './template-shapes.ts';

export const describeRepositoryCreationTemplatesOperation = (core: Core) =>
  registryOperation<DescribeRepositoryCreationTemplatesRequest, DescribeRepositoryCreationTemplatesResponse>({
    name: 'DescribeRepositoryCreationTemplates',
    schema: DescribeRepositoryCreationTemplates$,
    effect: 'read',
    async handle(input, call) {
      const { account } = call.principal;
      const { prefixes } = input;
      if (prefixes && prefixes.length > 0) {
        if (prefixes.length > 100) throw invalid("Invalid parameter at 'prefixes': 100 at most.");
        const keys = [...new Set(prefixes.map(requirePrefix))];
        const found = await Promise.all(keys.map((prefix) => findTemplate(core.store, account, prefix)));
        const templates = found.flatMap((each) => (each ? [templateShape(each)] : []));
        return { registryId: account, repositoryCreationTemplates: templates };
      }
      const size = readPageSize(input.maxResults);
      const purpose = `DescribeRepositoryCreationTemplates ${account}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const held = await listTemplates(core.store, account, after, size + 1);
      const shown = held.slice(0, size);
      const last = held.length > size ? shown.at(-1) : undefined;
      return {
        registryId: account,
        repositoryCreationTemplates: shown.map(templateShape),
        ...(last && { nextToken: await core.sealer.seal(purpose, [templateKey(last.prefix)]) }),
      };
    },
  });

// `longshore images`: what the registry holds for the account.
import { ECRClient, type ImageDetail, paginateDescribeImages, paginateDescribeRepositories } from '@aws-sdk/client-ecr';
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { humanBytes, humanSpan } from '../human.ts';
import { printJson } from '../print-json.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { sdkConfig, withServer } from '../with-server.ts';

interface ImagesOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export interface ImageRow {
  readonly repository: string;
  readonly uri: string;
  readonly tags: readonly string[];
  readonly digest: string;
  readonly bytes: number;
  readonly mediaType?: string;
  readonly pushedAt?: Date;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description('Lists the images in the registry: their tags, digest, compressed size, and when they were pushed.')
    .argument('[repository]', 'only this repository (default: all)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore images hello\n')
    .action((repository: string | undefined, options: ImagesOptions) => images(repository, options, parts));
  addConnectionOptions(command);
}

async function images(repository: string | undefined, options: ImagesOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = new ECRClient(sdkConfig(connection));
    const rows = await listImages(client, repository);
    client.destroy();
    if (options.json) return printJson(parts.io, rows);
    if (rows.length === 0) return parts.io.err('No images. docs/registry.md says how to push one.\n');
    parts.io.out(formatTable(imageColumns(parts.clock.now()), rows, parts.io.columns));
  });
}

/** Every image, the newest of a repository first. */
async function listImages(client: ECRClient, repository: string | undefined): Promise<readonly ImageRow[]> {
  const rows: ImageRow[] = [];
  const wanted = repository === undefined ? {} : { repositoryNames: [repository] };
  for await (const page of paginateDescribeRepositories({ client }, wanted)) {
    for (const { repositoryName, repositoryUri } of page.repositories ?? []) {
      const details: ImageDetail[] = [];
      for await (const found of paginateDescribeImages({ client }, { repositoryName })) {
        details.push(...(found.imageDetails ?? []));
      }
      details.sort((a, b) => (b.imagePushedAt?.getTime() ?? 0) - (a.imagePushedAt?.getTime() ?? 0));
      rows.push(...details.map((detail) => imageRow(repositoryName ?? '', repositoryUri ?? '', detail)));
    }
  }
  return rows;
}

function imageRow(repository: string, uri: string, detail: ImageDetail): ImageRow {
  return {
    repository,
    uri,
    tags: detail.imageTags ?? [],
    digest: detail.imageDigest ?? '',
    bytes: detail.imageSizeInBytes ?? 0,
    ...(detail.imageManifestMediaType ? { mediaType: detail.imageManifestMediaType } : {}),
    ...(detail.imagePushedAt ? { pushedAt: detail.imagePushedAt } : {}),
  };
}

/** Docker's short form of a digest: the first twelve digits of its hash. */
function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}

function imageColumns(now: number): readonly Column<ImageRow>[] {
  return [
    { title: 'REPOSITORY', value: (row) => row.repository, min: 12 },
    { title: 'TAGS', value: (row) => row.tags.join(', ') || '-', min: 8 },
    { title: 'DIGEST', value: (row) => shortDigest(row.digest) },
    { title: 'SIZE', value: (row) => humanBytes(row.bytes), right: true },
    { title: 'PUSHED', value: (row) => (row.pushedAt ? humanSpan(now - row.pushedAt.getTime()) : '-'), right: true },
  ];
}

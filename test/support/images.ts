// Real images for the tests, made on this machine: a static busybox, and a Debian by debootstrap.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerCli, run } from './command.ts';

const applets = [
  'sh',
  'httpd',
  'sleep',
  'cat',
  'echo',
  'dd',
  'wget',
  'nc',
  'id',
  'pwd',
  'env',
  'ls',
  'true',
  'false',
  'kill',
  'head',
  'tail',
  'yes',
  'mkdir',
  'touch',
  'stat',
  'awk',
  'seq',
];

/** Imports a busybox image under `tag` into the local Engine. `marker` makes its content one of its own. */
export async function importBusybox(tag: string, marker = tag): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'busybox-image-'));
  try {
    for (const each of ['bin', 'tmp', 'etc', 'www']) mkdirSync(join(folder, each));
    copyFileSync('/bin/busybox', join(folder, 'bin', 'busybox'));
    for (const applet of applets) symlinkSync('busybox', join(folder, 'bin', applet));
    writeFileSync(join(folder, 'etc', 'marker'), `${marker}\n`);
    writeFileSync(join(folder, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n');
    writeFileSync(join(folder, 'www', 'index.html'), `hello from ${marker}\n`);
    await run('sh', ['-c', `tar -C "$1" -c . | ${dockerCli} import --change 'CMD ["sh"]' - "$2"`, 'sh', folder, tag]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Builds `tag` from `base` with one more layer, by the Engine itself. */
export async function addLayer(base: string, tag: string, content: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'layer-'));
  try {
    writeFileSync(join(folder, 'added'), content);
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${base}\nCOPY added /etc/added\n`);
    await run(dockerCli, ['build', '-q', '-t', tag, folder], { env: { DOCKER_BUILDKIT: '0' } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const debianCache = join(tmpdir(), 'longshore-test-debian.tar');
/** What Debian's own images leave out too. */
const leftOut = ['./var/cache/apt/*', './var/lib/apt/lists/*', './usr/share/doc/*', './usr/share/locale/*'];

/** Imports a minimal Debian made by debootstrap under `tag`; the folder tree is kept as a tar file between runs. */
export async function importDebian(tag: string): Promise<void> {
  if (!existsSync(debianCache)) {
    const folder = mkdtempSync(join(tmpdir(), 'debootstrap-'));
    try {
      await run('debootstrap', ['--variant=minbase', 'bookworm', folder], { timeoutMs: 600_000 });
      const without = leftOut.map((each) => `--exclude=${each}`);
      await run('tar', ['-C', folder, ...without, '-cf', `${debianCache}.new`, '.'], { timeoutMs: 120_000 });
      renameSync(`${debianCache}.new`, debianCache);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  await run(dockerCli, ['import', debianCache, tag], { timeoutMs: 120_000 });
}

/** Copies `image` from the local Engine to the registry that its name begins with, by skopeo. */
export async function copyToRegistry(image: string, authorization: string): Promise<void> {
  const creds = Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8');
  const source = `docker-daemon:${image}`;
  await run('skopeo', [
    '--insecure-policy',
    'copy',
    '--dest-tls-verify=false',
    '--dest-creds',
    creds,
    source,
    `docker://${image}`,
  ]);
}

/** A command that runs until it is stopped and then ends at once: `sleep` alone, as the first process, would not hear SIGTERM. */
export const sleeps: readonly string[] = Object.freeze(['sh', '-c', 'trap "exit 143" TERM; sleep 3600 & wait']);

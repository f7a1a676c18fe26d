// Reading what the proxy says of itself (HAProxy management guide, "show stat", "show servers state", "show proc"). Pure.

export interface SeenServer {
  readonly backend: string;
  readonly name: string;
  /** It may be sent requests as far as its health goes. */
  readonly up: boolean;
  readonly drained: boolean;
  readonly maintained: boolean;
  readonly check: 'none' | 'passed' | 'failed';
  /** `L7OK`, `L4CON`, `L7STS`, … */
  readonly checkStatus: string;
  /** Requests (or connections) under way or waiting. */
  readonly busy: number;
}

/** Rows of a table with a header line, by column name. */
function table(text: string, separator: string): Map<string, string>[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const start = lines.findIndex((line) => line.startsWith('# '));
  if (start < 0) return [];
  const names = lines[start]?.slice(2).split(separator) ?? [];
  return lines.slice(start + 1).map((line) => {
    const values = line.split(separator);
    return new Map(names.map((name, i) => [name, values[i] ?? '']));
  });
}

/** Of `show stat`: frontends by name, and how busy each server is. */
export function readStat(text: string): {
  readonly frontends: ReadonlySet<string>;
  readonly busy: ReadonlyMap<string, { readonly busy: number; readonly checkStatus: string }>;
} {
  const frontends = new Set<string>();
  const busy = new Map<string, { busy: number; checkStatus: string }>();
  for (const row of table(text, ',')) {
    const proxy = row.get('pxname') ?? '';
    if (row.get('type') === '0') frontends.add(proxy);
    if (row.get('type') !== '2') continue;
    busy.set(`${proxy}/${row.get('svname') ?? ''}`, {
      busy: Number(row.get('scur') ?? 0) + Number(row.get('qcur') || 0),
      checkStatus: (row.get('check_status') ?? '').replace(/^\* /, ''),
    });
  }
  return { frontends, busy };
}

const checkResults: Readonly<Record<string, SeenServer['check']>> = { '2': 'failed', '3': 'passed', '4': 'passed' };

/** Of `show servers state`, with what `show stat` says of the same. */
export function readServers(text: string, stat: ReturnType<typeof readStat>): SeenServer[] {
  // The first line is the version of the format.
  return table(text, ' ').flatMap((row) => {
    const backend = row.get('be_name') ?? '';
    const name = row.get('srv_name') ?? '';
    if (backend === '' || name === '') return [];
    const admin = Number(row.get('srv_admin_state') ?? 0);
    const more = stat.busy.get(`${backend}/${name}`);
    return [
      {
        backend,
        name,
        up: row.get('srv_op_state') === '2',
        drained: (admin & 0x18) !== 0,
        maintained: (admin & 0x27) !== 0,
        check: checkResults[row.get('srv_check_result') ?? ''] ?? 'none',
        checkStatus: more?.checkStatus ?? '',
        busy: more?.busy ?? 0,
      },
    ];
  });
}

/** The process ids of workers that finish what they began before a reload, from `show proc`. */
export function readOldWorkers(text: string): number[] {
  const [, old = ''] = text.split('# old workers');
  return (
    old
      .split('# programs')[0]
      ?.split('\n')
      .flatMap((line) => {
        const [pid = '', kind] = line.trim().split(/\s+/);
        return kind === 'worker' && /^\d+$/.test(pid) ? [Number(pid)] : [];
      }) ?? []
  );
}

/** Of `show info`: the hash of the configuration that runs. */
export function readHash(info: string): string | undefined {
  return /^description: longshore-([0-9a-f]+)$/m.exec(info)?.[1];
}

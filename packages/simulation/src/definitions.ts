// What runs in the simulation. A container's command is `run [seconds [exit code]]`; without seconds it runs on.

interface Definition {
  readonly family: string;
  /** Whether it ends by itself. */
  readonly ends: boolean;
  readonly containerDefinitions: readonly Readonly<Record<string, unknown>>[];
}

const one = (cpu: number, memory: number, command: readonly string[], more: object = {}) => ({
  name: 'main',
  image: 'busybox:latest',
  cpu,
  memory,
  essential: true,
  command,
  ...more,
});

export const definitions: readonly Definition[] = [
  { family: 'forever', ends: false, containerDefinitions: [one(128, 128, ['run'], { stopTimeout: 4 })] },
  {
    family: 'web',
    ends: false,
    containerDefinitions: [
      one(128, 128, ['run'], { portMappings: [{ containerPort: 80, hostPort: 0 }], stopTimeout: 10 }),
    ],
  },
  {
    family: 'pair',
    ends: false,
    containerDefinitions: [
      one(64, 64, ['run'], { dependsOn: [{ containerName: 'side', condition: 'START' }] }),
      { ...one(64, 64, ['run', '3', '0']), name: 'side', essential: false },
    ],
  },
  { family: 'short', ends: true, containerDefinitions: [one(512, 256, ['run', '4', '0'])] },
  { family: 'big', ends: true, containerDefinitions: [one(1024, 512, ['run', '8', '0'])] },
  {
    family: 'port',
    ends: true,
    containerDefinitions: [one(64, 64, ['run', '10', '0'], { portMappings: [{ containerPort: 80, hostPort: 8080 }] })],
  },
  { family: 'crash', ends: true, containerDefinitions: [one(64, 64, ['run', '1', '3'])] },
  { family: 'missing', ends: true, containerDefinitions: [one(64, 64, ['run'], { image: 'missing:latest' })] },
];

export const endless = definitions.filter((each) => !each.ends).map((each) => each.family);
export const families = definitions.map((each) => each.family);

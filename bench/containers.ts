// The container service: launches (containers-launch.ts), placement decisions (containers-placement.ts), load
// (containers-scale.ts).
import { benchLaunch } from './containers-launch.ts';
import { benchPlacement } from './containers-placement.ts';
import { benchScale } from './containers-scale.ts';

await benchLaunch(Number(process.env.ROUNDS ?? 10));
process.stdout.write('\n');
benchPlacement();
process.stdout.write('\n');
await benchScale();

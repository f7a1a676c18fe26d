// The machines that managed scaling asked for, as rows: written before the group is asked, so that a crash neither asks
// twice (the token is the same) nor forgets a machine.
import { type Step, sql, type View } from '@longshore/store';

export type MachineState = 'asked' | 'there' | 'leaving';

export interface MachineRecord {
  readonly token: string;
  readonly providerArn: string;
  readonly clusterArn: string;
  /** Its id in the group; '' until the group has answered. */
  readonly machineId: string;
  readonly state: MachineState;
  readonly askedAt: number;
}

export async function findMachines(view: View, providerArn: string, clusterArn: string): Promise<MachineRecord[]> {
  const rows = await view.all<{ token: string; machine_id: string; state: MachineState; asked_at: number }>(
    sql`SELECT token, machine_id, state, asked_at FROM ecs_machines
      WHERE provider_arn = ${providerArn} AND cluster_arn = ${clusterArn} ORDER BY asked_at, token`,
  );
  return rows.map((row) => ({
    token: row.token,
    providerArn,
    clusterArn,
    machineId: row.machine_id,
    state: row.state,
    askedAt: row.asked_at,
  }));
}

export function insertMachine(machine: MachineRecord): Step {
  return {
    sql: sql`INSERT INTO ecs_machines (token, provider_arn, cluster_arn, machine_id, state, asked_at) VALUES
      (${machine.token}, ${machine.providerArn}, ${machine.clusterArn}, ${machine.machineId}, ${machine.state},
       ${machine.askedAt})`,
    expect: 1,
  };
}

export function machineIs(token: string, state: MachineState, machineId: string): Step {
  return {
    sql: sql`UPDATE ecs_machines SET state = ${state}, machine_id = ${machineId} WHERE token = ${token}`,
    expect: 1,
  };
}

export function forgetMachine(token: string): Step {
  return { sql: sql`DELETE FROM ecs_machines WHERE token = ${token}` };
}

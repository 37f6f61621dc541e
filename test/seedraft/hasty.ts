/**
 * Two-phase commit of the examples with the bug that its README plants: the coordinator tells its decision before that is durable. A few lines
 * around the member do it, so that nothing has to be copied and compiled.
 */
import {
  type Plan,
  type Protocol,
  type ProtocolMember,
  type ProtocolPorts,
  planOptionsOf,
  readScenario,
  scenarioToPlan,
} from '@seedraft/sim';
import config from '../../examples/two-phase-commit/seedraft.config.ts';

const sound: Protocol = config.protocol;

function hastyMember(ports: ProtocolPorts): ProtocolMember {
  const member = sound.member(ports);
  if (ports.name !== 'n1') return member;
  return {
    state: () => member.state(),
    step(input) {
      const effects = member.step(input);
      const { tag, records = {} } = effects?.persist ?? {};
      if (tag === undefined) return effects;
      return { ...member.step({ type: 'Persisted', at: input.at, tag }), persist: { records } };
    },
  };
}

export const soundProtocol: Protocol = sound;
export const hastyProtocol: Protocol = { ...sound, member: hastyMember };

/** What shrinking left: one fault, and a message lost beside it. n2 is told to Abort transaction 2, and n3 was told to Commit it. */
export function hastyPlan(): Plan {
  const read = readScenario({
    name: 'hasty',
    network: { drop: '30%' },
    workload: { keys: 2, timeout: '524ms', clients: 5, rate: 24, for: '1403ms' },
    bytes: false,
    liveness: false,
    faults: [{ id: 2, at: '200ms', 'disk-error': { target: 'leader', restart: '1090645us' } }],
  });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return scenarioToPlan(read.scenario, '13~39', planOptionsOf(hastyProtocol));
}

/** `seedraft compat`: the command lines of other systems, word for word, with our members behind them. What each word means is in compat/. */
import { type Command, Option } from 'commander';
import { distraftLaunch } from '../compat/distraft.ts';
import { type Launch, launch } from '../compat/launch.ts';
import { type RaftifyFlags, raftifyLaunch } from '../compat/raftify.ts';
import { type RaftnodeFlags, raftnodeLaunch } from '../compat/raftnode.ts';
import { type UringFlags, uringLaunch } from '../compat/uring.ts';
import { examples } from './examples.ts';

type Finish = (code: number) => void;

export function addCompat(program: Command, finish: Finish): void {
  const compat = program
    .command('compat')
    .summary("run a member by another system's command line")
    .description(
      'Quick starts of raftnode, distraft, uring and raftify work with only the name of the program changed. ' +
        'Members stand open to everybody, as theirs do, unless SEEDRAFT_CLUSTER_SECRET is set.',
    );
  const run = async (plan: Launch): Promise<void> => finish(await launch(plan));
  addRaftnode(compat, run);
  addDistraft(compat, run);
  addUring(compat, run);
  addRaftify(compat, run);
}

type Run = (plan: Launch) => Promise<void>;

function addRaftnode(compat: Command, run: Run): void {
  compat
    .command('raftnode')
    .summary('JSON over TCP')
    .requiredOption('--ip <host:port>', 'where this member is, for members and clients')
    .option('--peers <host:port,...>', 'where the others are')
    .addOption(new Option('--store <kind>', 'memory or database').choices(['memory', 'database']))
    .option('-d, --database [name]', 'keep the data under this name')
    .option('-v, --volume <dir>', 'keep the data here')
    .option('-t, --timeout <seconds>', 'accepted; every request ends within 5 s')
    .addHelpText(
      'after',
      examples([
        'compat raftnode --ip 127.0.0.1:5001 --peers 127.0.0.1:5002,127.0.0.1:5003',
        'one of three; LOW_TIMEOUT, HIGH_TIMEOUT, HB_TIME (ms) and LOG_LEVEL are read',
      ]),
    )
    .action((flags: RaftnodeFlags) => run(raftnodeLaunch(flags, process.env)));
}

function addDistraft(compat: Command, run: Run): void {
  compat
    .command('distraft')
    .summary('HTTP; configured by DISTRAFT_* alone')
    .addHelpText(
      'after',
      '\nReads DISTRAFT_CLUSTER (name=peer_host:peer_port:client_host:client_port,...), DISTRAFT_NAME, DISTRAFT_HOST,\n' +
        'DISTRAFT_UDP_PORT, DISTRAFT_CLIENT_HOST, DISTRAFT_TCP_PORT, DISTRAFT_LOG_PATH, DISTRAFT_DATA_PATH, DISTRAFT_RESET_LOGS,\n' +
        'DISTRAFT_HEARTBEAT_TIMEOUT, DISTRAFT_ELECTION_TIMEOUT, DISTRAFT_TIMEOUT_SPREAD_RATIO and DISTRAFT_LOG_LEVEL.',
    )
    .action(() => run(distraftLaunch(process.env)));
}

function addUring(compat: Command, run: Run): void {
  const many = (text: string, before: readonly string[] = []) => [...before, ...text.split(',')];
  compat
    .command('uring')
    .summary('REST, WebSocket and a ring of vnodes')
    .requiredOption('-i, --id <n>', "this member's number")
    .requiredOption('-e, --endpoint <host:port>', 'where this member is, for members and clients')
    .option('-b, --bootstrap', 'begin the cluster')
    .addOption(
      new Option('-p, --peers <host:port>', 'where another one is; may be repeated').argParser(
        many,
      ),
    )
    .option('-r, --ring-size <n>', 'with -b: the size of the ring')
    .option('--http <host:port>', 'where clients come, if not to the endpoint')
    .option('--answers <form>', 'where documentation and later code differ: head or doc', 'head')
    .addHelpText(
      'after',
      examples(
        [
          'compat uring -i 1 -b -e 127.0.0.1:8081 -p 127.0.0.1:8082',
          'the first; then at it: POST /node/2',
        ],
        [
          'compat uring -i 2 -e 127.0.0.1:8082 -p 127.0.0.1:8081',
          'waits to be told of the cluster',
        ],
      ),
    )
    .action((flags: UringFlags) => run(uringLaunch(flags)));
}

function addRaftify(compat: Command, run: Run): void {
  compat
    .command('raftify')
    .summary('the HTTP store of its examples')
    .requiredOption('--raft-addr <host:port>', 'where members come')
    .requiredOption('--web-server <host:port>', 'where HTTP is spoken')
    .option('--peer-addr <host:port>', 'join the cluster of this member')
    .addHelpText(
      'after',
      examples(
        ['compat raftify --raft-addr 127.0.0.1:60061 --web-server 127.0.0.1:8001', 'the first'],
        [
          'compat raftify --raft-addr 127.0.0.1:60062 --web-server 127.0.0.1:8002 --peer-addr 127.0.0.1:60061',
          'one more',
        ],
      ),
    )
    .action((flags: RaftifyFlags) => run(raftifyLaunch(flags)));
}

import { counter, decimal, fixed, list, localTime, pick, type Subject, size, wave } from './cells.ts';
import { type Column, column, hidden, tableView, type View } from './view.ts';

/** The views of the system product, with the fields that public programs read (docs/protocols.md 2). */
export function mvmvsViews(): readonly View[] {
  return [jcpu(), jcsa(), xcfmbr(), jespool(), zfsfsz()];
}

const startedTasks: readonly string[] = [
  'CICSPRD',
  'DB2DBM',
  'DB2MSTR',
  'MQCHIN',
  'TCPIP',
  'JES2',
  'OMVS',
  'RMFGAT',
];
const serviceClasses: readonly string[] = ['STCHI', 'STCLO', 'BATCHMED', 'TSO', 'SYSSTC', 'CICSHI'];
const volumes: readonly string[] = ['SPL001', 'SPL002', 'SPL003', 'SPL004'];
const mounts: readonly string[] = [
  'SYS1.ZFS.ROOT',
  'SYS1.ZFS.ETC',
  'SYS1.ZFS.VAR',
  'OMVS.ZFS.USERS',
  'OMVS.ZFS.TMP',
  'JAVA.ZFS.V21',
];
const groups: readonly string[] = ['SYSGRS', 'SYSMCS', 'DSNDB2P', 'IXCLO004', 'SYSWLM', 'CSQGMQP'];

function jobName(subject: Subject): string {
  const started = startedTasks[subject.index >> 1];
  return started ?? `JOB${String(1000 + subject.index).padStart(5, '0')}`;
}

function jobId(subject: Subject): string {
  const kind = subject.index >> 1 < startedTasks.length ? 'S' : 'J';
  return `${kind}${String(fixed(subject, 90, 1, 9_999_999)).padStart(7, '0')}`;
}

/** The end of the interval that the row was measured in. */
function intervalEnd(): Column {
  return column('JACT$INT', 'Interval Time', ({ at }) => list(localTime(at)));
}

/** A measured value in a list cell, as most numbers of these views come. */
function measured(field: string, label: string, salt: number, low: number, high: number): Column {
  return column(field, label, (s) => list(decimal(wave(s, salt, low, high))));
}

function jcpu(): View {
  return tableView('MVMVS', 'JCPU', 'Job CPU Activity', 48, [
    column('ASGNAME', 'Jobname', jobName),
    column('ASGJBID', 'JES Job Number', jobId),
    column('ASREYFLC', 'T', (s) => (s.index >> 1 < startedTasks.length ? 'S' : 'B')),
    column('ASGCNMC', 'SrvClass', (s) => pick(s, 1, serviceClasses)),
    column('ASGRNMC', 'RptClass', (s) => `R${pick(s, 1, serviceClasses)}`.slice(0, 8)),
    column('ASGJSFLY', 'Step', (s) => pick(s, 2, ['STEP010', 'IEFPROC', 'SORT', 'GO'])),
    measured('ASICPSCA', 'All CPU Seconds', 3, 0, 58),
    measured('ASICPPAU', 'Unadj CPU Util %', 4, 0, 97),
    column('ASIUCPP', 'Using CPU %', (s) => decimal(wave(s, 5, 0, 80))),
    column('ASIWCPP', 'CPU Delay %', (s) => decimal(wave(s, 6, 0, 35))),
    measured('ASIDPAV', 'Average Priority', 7, 190, 255),
    measured('ASITCPC', 'TCB Time', 8, 0, 55),
    column('ASISRBPC', 'SRB %', (s) => decimal(wave(s, 9, 0, 20))),
    column('ASGCPUT', 'Job Total CPU Time', (s) => list(decimal(counter(s, 10, 4)))),
    // Jobs that never ran on a zIIP have no such cell: rows of real views differ in their columns.
    column('ASGZIITC', 'zIIP Total CPU Time', (s) =>
      s.index % 3 === 0 ? list(decimal(counter(s, 12, 2))) : undefined,
    ),
    column('ASRERGRP', 'Resource Group', (s) => (s.index % 4 === 0 ? 'RGBATCH' : '')),
    intervalEnd(),
  ]);
}

function jcsa(): View {
  const kib = (field: string, label: string, salt: number, high: number): Column =>
    column(field, label, (s) => size(wave(s, salt, 4, high)));
  const percent = (field: string, label: string, salt: number): Column =>
    column(field, label, (s) => list(decimal(wave(s, salt, 0, 12))));
  return tableView('MVMVS', 'JCSA', 'Common Storage by Job', 48, [
    column('CDREJNAM', 'Jobname', jobName),
    column('CDREJID', 'JES Job Number', jobId),
    hidden(column('CDREASID', 'ASID', (s) => (16 + s.index).toString(16).toUpperCase().padStart(4, '0'))),
    percent('CDRECSUP', 'CSA %', 1),
    percent('CDREECUP', 'ECSA %', 2),
    percent('CDRESQUP', 'SQA %', 3),
    percent('CDREESUP', 'ESQA %', 4),
    kib('CDRECSAU', 'CSA Used', 5, 900),
    kib('CDREECSU', 'ECSA Used', 6, 90_000),
    kib('CDRESQAU', 'SQA Used', 7, 300),
    kib('CDREESQU', 'ESQA Used', 8, 20_000),
    kib('CDRETU', 'Total Used', 9, 110_000),
    percent('CDRETUP', 'Total %', 10),
    intervalEnd(),
  ]);
}

function xcfmbr(): View {
  const count = (field: string, label: string, salt: number): Column =>
    column(field, label, (s) => String(counter(s, salt, 120)));
  return tableView('MVMVS', 'XCFMBR', 'XCF Members', 24, [
    column('XDGSNAM', 'System', (s) => s.system),
    column('XDGGRP', 'Group', (s) => groups[(s.index >> 1) % groups.length] ?? ''),
    column('XDGMEM', 'Member', (s) => `${s.system}${String.fromCharCode(65 + (s.index >> 1))}`),
    column('XDDJNAM', 'Jobname', (s) => pick(s, 1, startedTasks)),
    measured('XDIRGTP', 'Receive Rate', 2, 0, 900),
    measured('XDISGTP', 'Send Rate', 3, 0, 900),
    count('XDIRCNT', 'Received', 4),
    count('XDISCNT', 'Sent', 6),
    column('XDGSTAC', 'Status', (s) => (s.index === 23 ? 'QUIESCED' : 'ACTIVE')),
  ]);
}

function jespool(): View {
  return tableView('MVMVS', 'JESPOOL', 'JES2 Spool Volumes', 4, [
    column('SCGID', 'Subsystem', () => 'JES2'),
    column('SCIJ2VOL', 'Volume', (s) => volumes[s.index] ?? ''),
    measured('SCIUTI', 'Utilization %', 1, 20, 88),
    column('SCITKT', 'Track Groups', (s) => String(fixed(s, 2, 20, 40) * 500)),
    column('SCITKTU', 'Track Groups Used', (s) => String(Math.round(wave(s, 3, 2_000, 9_500)))),
  ]);
}

function zfsfsz(): View {
  return tableView('MVMVS', 'ZFSFSZ', 'zFS File Systems', 18, [
    column(
      'ZFFNAME',
      'File System',
      (s) => `${mounts[s.index % mounts.length]}${s.index < 6 ? '' : `.N${s.index}`}`,
    ),
    // One element for each system that has it mounted.
    column('ZSASYSN', 'Systems', (s) => (s.index % 3 === 0 ? list('SYSA', 'SYSB') : list(s.system))),
    column('ZFSOWNER', 'Owner', (s) => s.system),
    column('ZFCASIZE', 'Size', (s) => size(fixed(s, 1, 1, 4_000) * 256)),
    column('ZFCAUPCT', 'Used %', (s) => decimal(wave(s, 2, 5, 99))),
    column('ZFSMNTS', 'Mount Mode', (s) => pick(s, 3, ['R/W', 'R/W', 'READ'])),
  ]);
}

import { counter, decimal, fixed, list, localTime, pick, type Subject, size, wave } from './cells.ts';
import { type Column, column, hidden, tableView, type View } from './view.ts';

const startedTasks = ['CICSPRD', 'DB2DBM', 'DB2MSTR', 'MQCHIN', 'TCPIP', 'JES2', 'OMVS', 'RMFGAT'];
const serviceClasses = ['STCHI', 'STCLO', 'BATCHMED', 'TSO', 'SYSSTC', 'CICSHI'];
const mounts = 'SYS1.ZFS.ROOT SYS1.ZFS.ETC SYS1.ZFS.VAR OMVS.ZFS.USERS OMVS.ZFS.TMP JAVA.ZFS.V21'.split(' ');
const jobs = ['CICSPRD', 'DB2DIST', 'MQCHIN', 'TN3270', 'FTPD1', 'HTTPD'];
const groups = ['SYSGRS', 'SYSMCS', 'DSNDB2P', 'IXCLO004', 'SYSWLM', 'CSQGMQP'];

/** The started task that a row is of, of the rows that have one; the others are batch jobs. */
const startedTask = ({ index }: Subject): string | undefined => startedTasks[index >> 1];

const jobName = column(
  'ASGNAME',
  'Jobname',
  (s) => startedTask(s) ?? `JOB${String(1000 + s.index).padStart(5, '0')}`,
);
const jobId = column('ASGJBID', 'JES Job Number', (s) => {
  const kind = startedTask(s) === undefined ? 'J' : 'S';
  return `${kind}${String(fixed(s, 90, 1, 9_999_999)).padStart(7, '0')}`;
});
/** The end of the interval that the row was measured in. */
const intervalEnd = column('JACT$INT', 'Interval Time', ({ at }) => list(localTime(at)));

/** A measured value in a list cell, as most numbers of these views come. */
function measured(field: string, label: string, salt: number, low: number, high: number): Column {
  return column(field, label, (s) => list(decimal(wave(s, salt, low, high))));
}

function plain(field: string, label: string, salt: number, low: number, high: number): Column {
  return column(field, label, (s) => decimal(wave(s, salt, low, high)));
}

function kib(field: string, label: string, salt: number, high: number): Column {
  return column(field, label, (s) => size(wave(s, salt, 4, high)));
}

/** The views of the products for the system, with the fields that public programs read (docs/protocols.md 2), and for the network. */
export const views: readonly View[] = [
  tableView('MVMVS', 'JCPU', 'Job CPU Activity', 48, [
    jobName,
    jobId,
    column('ASREYFLC', 'T', (s) => (startedTask(s) === undefined ? 'B' : 'S')),
    column('ASGCNMC', 'SrvClass', (s) => pick(s, 1, serviceClasses)),
    column('ASGRNMC', 'RptClass', (s) => `R${pick(s, 1, serviceClasses)}`.slice(0, 8)),
    column('ASGJSFLY', 'Step', (s) => pick(s, 2, ['STEP010', 'IEFPROC', 'SORT', 'GO'])),
    measured('ASICPSCA', 'All CPU Seconds', 3, 0, 58),
    measured('ASICPPAU', 'Unadj CPU Util %', 4, 0, 97),
    plain('ASIUCPP', 'Using CPU %', 5, 0, 80),
    plain('ASIWCPP', 'CPU Delay %', 6, 0, 35),
    measured('ASIDPAV', 'Average Priority', 7, 190, 255),
    measured('ASITCPC', 'TCB Time', 8, 0, 55),
    plain('ASISRBPC', 'SRB %', 9, 0, 20),
    column('ASGCPUT', 'Job Total CPU Time', (s) => list(decimal(counter(s, 10, 4)))),
    // Jobs that never ran on a zIIP have no such cell: rows of real views differ in their columns.
    column('ASGZIITC', 'zIIP Total CPU Time', (s) =>
      s.index % 3 === 0 ? list(decimal(counter(s, 12, 2))) : undefined,
    ),
    column('ASRERGRP', 'Resource Group', (s) => (s.index % 4 === 0 ? 'RGBATCH' : '')),
    intervalEnd,
  ]),
  tableView('MVMVS', 'JCSA', 'Common Storage by Job', 48, [
    { ...jobName, field: 'CDREJNAM' },
    { ...jobId, field: 'CDREJID' },
    hidden(column('CDREASID', 'ASID', (s) => (16 + s.index).toString(16).toUpperCase().padStart(4, '0'))),
    measured('CDRECSUP', 'CSA %', 1, 0, 12),
    measured('CDREECUP', 'ECSA %', 2, 0, 12),
    measured('CDRESQUP', 'SQA %', 3, 0, 12),
    measured('CDREESUP', 'ESQA %', 4, 0, 12),
    kib('CDRECSAU', 'CSA Used', 5, 900),
    kib('CDREECSU', 'ECSA Used', 6, 90_000),
    kib('CDRESQAU', 'SQA Used', 7, 300),
    kib('CDREESQU', 'ESQA Used', 8, 20_000),
    kib('CDRETU', 'Total Used', 9, 110_000),
    measured('CDRETUP', 'Total %', 10, 0, 12),
    intervalEnd,
  ]),
  tableView('MVMVS', 'XCFMBR', 'XCF Members', 24, [
    column('XDGSNAM', 'System', (s) => s.system),
    column('XDGGRP', 'Group', (s) => groups[(s.index >> 1) % groups.length] ?? ''),
    column('XDGMEM', 'Member', (s) => `${s.system}${String.fromCharCode(65 + (s.index >> 1))}`),
    column('XDDJNAM', 'Jobname', (s) => pick(s, 1, startedTasks)),
    measured('XDIRGTP', 'Receive Rate', 2, 0, 900),
    measured('XDISGTP', 'Send Rate', 3, 0, 900),
    column('XDIRCNT', 'Received', (s) => String(counter(s, 4, 120))),
    column('XDISCNT', 'Sent', (s) => String(counter(s, 6, 120))),
    column('XDGSTAC', 'Status', (s) => (s.index === 23 ? 'QUIESCED' : 'ACTIVE')),
  ]),
  tableView('MVMVS', 'JESPOOL', 'JES2 Spool Volumes', 4, [
    column('SCGID', 'Subsystem', () => 'JES2'),
    column('SCIJ2VOL', 'Volume', (s) => `SPL00${s.index + 1}`),
    measured('SCIUTI', 'Utilization %', 1, 20, 88),
    column('SCITKT', 'Track Groups', (s) => String(fixed(s, 2, 20, 40) * 500)),
    column('SCITKTU', 'Track Groups Used', (s) => String(Math.round(wave(s, 3, 2_000, 9_500)))),
  ]),
  tableView('MVMVS', 'ZFSFSZ', 'zFS File Systems', 18, [
    column('ZFFNAME', 'File System', ({ index }) => {
      const mount = mounts[index % mounts.length];
      return index < mounts.length ? `${mount}` : `${mount}.N${index}`;
    }),
    // One element for each system that has it mounted.
    column('ZSASYSN', 'Systems', (s) => (s.index % 3 === 0 ? list('SYSA', 'SYSB') : list(s.system))),
    column('ZFSOWNER', 'Owner', (s) => s.system),
    column('ZFCASIZE', 'Size', (s) => size(fixed(s, 1, 1, 4_000) * 256)),
    plain('ZFCAUPCT', 'Used %', 2, 5, 99),
    column('ZFSMNTS', 'Mount Mode', (s) => pick(s, 3, ['R/W', 'R/W', 'READ'])),
  ]),
  tableView('MVIP', 'STACKS', 'TCP/IP Stacks', 4, [
    column('STKNAME', 'Stack', (s) => (s.index < 2 ? 'TCPIP' : 'TCPIPB')),
    column('STKSYSN', 'System', (s) => s.system),
    column('STKSTAT', 'Status', () => 'ACTIVE'),
    column('STKADDR', 'Home Addresses', (s) => list(`10.1.${s.index}.1`, `10.2.${s.index}.1`)),
    column('STKCONN', 'Connections', (s) => String(Math.round(wave(s, 1, 80, 900)))),
    column('STKBYTI', 'Bytes In', (s) => `${counter(s, 2, 9)}Mi`),
    column('STKBYTO', 'Bytes Out', (s) => `${counter(s, 4, 7)}Mi`),
  ]),
  tableView('MVIP', 'TCPCONS', 'TCP Connections', 250, [
    column('TCNJOBN', 'Jobname', (s) => pick(s, 1, jobs)),
    column('TCNLADR', 'Local Address', (s) => `10.1.${s.index % 2}.1`),
    column('TCNLPRT', 'Local Port', (s) => pick(s, 2, ['23', '446', '1414', '3000', '21', '443'])),
    column('TCNRADR', 'Remote Address', (s) => `192.0.2.${fixed(s, 3, 1, 254)}`),
    column('TCNRPRT', 'Remote Port', (s) => String(fixed(s, 4, 1024, 65_535))),
    column('TCNSTAT', 'State', (s) => pick(s, 5, ['ESTAB', 'ESTAB', 'ESTAB', 'TIMEWAIT', 'LISTEN'])),
    column('TCNRTT', 'Round Trip ms', (s) => list(decimal(wave(s, 6, 0.2, 40)))),
    hidden(column('TCNLACT', 'Last Activity', (s) => localTime(s.at - fixed(s, 7, 0, 90_000)))),
  ]),
  tableView('MVIP', 'VTAMCSA', 'VTAM Common Storage', 2, [
    column('VTCSYSN', 'System', (s) => s.system),
    column('VTCCURR', 'CSA Current', (s) => `${Math.round(wave(s, 1, 900, 4_000))}Ki`),
    column('VTCMAXU', 'CSA Maximum Used', () => '5Mi'),
    column('VTCPCTU', 'Used %', (s) => decimal(wave(s, 2, 18, 76))),
  ]),
];
